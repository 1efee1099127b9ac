// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is left of a component after flattening: one flat list of initialisers over core modules, plus the
// tables they refer to. Nested components, instances and aliases have no existence at run time; the
// flattener (frontend/component/flattener.h) has executed them symbolically. Like the module image
// (ir/module.h) this is ONE offset-based image without pointers, used in place and copied as it is into a
// `.cwasm`.
//
// Instantiation = execute `initialisers` in order. Each names a row of the table of its kind:
//
//   start_component     components[i]    create the state of component instance i (handles, may_leave, …)
//   instantiate_module  instantiates[i]  a core instance; its imports are listed in the module's import order
//   extract             extracts[i]      an export of a core instance → memory, table or function slot
//   define_resource     resources[i]     a local resource type becomes live; its destructor is in a slot
//   lower_import        lowers[i]        canonical lower of a host import → function slot
//   fuse                fused[i]         canonical lower of a lifted function: guest to guest → function slot
//   canon_builtin       builtins[i]      resource.new, … → function slot
//
// Lifting needs no step: `lifts` and `exports` describe functions that are called through their slots after
// the list is done. Slots are dense per kind; each is written once, before its first use. The core
// instances are numbered in the order of their instantiate_module rows.
//
// Resources. `resources` lists every resource type of the plan, imported ones first in import order, then local
// ones. Two imported rows may turn out to be one host type (`wasi:io/error@0.2.9` and `@0.2.10`): the
// linker maps ResourceIdx to the store's type ids and handle tables compare those.
//
// ---- Type keys ----
// A host function and an import fit when their *type keys* are the same text. The key is the function type
// with labels, structure written out, no spaces, no versions:
//
//   key      = ["async"] "(" [ param { "," param } ] ")" [ "->" type ]
//   param    = label ":" type
//   type     = "bool" | "s8" | "u8" | "s16" | "u16" | "s32" | "u32" | "s64" | "u64" | "f32" | "f64" | "char"
//            | "string" | "error-context"
//            | "list<" type ">" | "list<" type "," decimal ">"              fixed length second
//            | "option<" type ">" | "tuple<" type { "," type } ">" | "map<" type "," type ">"
//            | "result" | "result<" type ">" | "result<_," type ">" | "result<" type "," type ">"
//            | "record{" label ":" type { "," label ":" type } "}"
//            | "variant{" case { "," case } "}"          case = label [ ":" type ]
//            | "enum{" label { "," label } "}" | "flags{" label { "," label } "}"
//            | "own<" resource ">" | "borrow<" resource ">"
//            | "stream" | "stream<" type ">" | "future" | "future<" type ">"
//   resource = interface "." label     interface = the import's name as written, cut before "@"
//
// Labels as the component writes them. Aliases and type names vanish, so a record is its fields. Methods
// have their "self" parameter. Example, wasi:io/streams [method]output-stream.write:
//   (self:borrow<wasi:io/streams.output-stream>,contents:list<u8>)->result<_,variant{
//   last-operation-failed:own<wasi:io/error.error>,closed}>          (one line)
// A resource imported at the root has an empty interface (".r"). Local resources, which occur in exports
// only, are written with the exporting interface likewise, or "local.N" (N = ResourceIdx) when not exported.
//
// INVARIANT(plan): an image comes from the frontend of this process or passed `ComponentPlan::check`.
#pragma once

#include "base/id.h"
#include "base/types.h"
#include "ir/module.h"
#include "ir/transfer_plan.h"

namespace petrel::ir {

using CoreModuleIdx = Id<struct CoreModuleTag>; ///< static modules of the file
using CoreInstanceIdx = Id<struct CoreInstanceTag>;
using ComponentInstanceIdx = Id<struct ComponentInstanceTag>; ///< 0 = the root
using FuncSlot = Id<struct FuncSlotTag>; ///< run-time slot: core function (FuncRef*)
using MemorySlot = Id<struct MemorySlotTag>;
using TableSlot = Id<struct TableSlotTag>;
using ResourceIdx = Id<struct ResourceTag>;
using OptionsIdx = Id<struct OptionsTag>;
using LiftIdx = Id<struct LiftTag>;
using HostImportIdx = Id<struct HostImportTag>;
using DefTypeIdx = Id<struct DefTypeTag>; ///< component value types
using CompFuncTypeIdx = Id<struct CompFuncTypeTag>;
using TransferPlanIdx = Id<struct TransferPlanTag>;

/// Value types of components, by what they are.
enum class DefTypeKind : u8 {
  bool_,
  s8,
  u8,
  s16,
  u16,
  s32,
  u32,
  s64,
  u64,
  f32,
  f64,
  char_,
  string,
  error_context,
  record,     ///< fields
  tuple,      ///< fields, names empty
  variant,    ///< fields = cases; type none() without payload
  enum_,      ///< fields = cases, types none()
  flags,      ///< fields = labels, types none()
  list,       ///< elem
  fixed_list, ///< elem, number = length
  map,        ///< elem = key, second = value
  option,     ///< elem
  result,     ///< elem = ok or none(), second = err or none()
  own,        ///< number = ResourceIdx
  borrow,     ///< number = ResourceIdx
  stream,     ///< elem or none()
  future,     ///< elem or none()
};

/// A record's field, a tuple's element, a case or a label.
struct Field {
  Str name;
  DefTypeIdx type;
};

/// One interned value type: equal types have equal indices; components come before what contains them.
struct DefType {
  DefTypeKind kind = DefTypeKind::bool_;
  u8 flat_count = 0; ///< core values when flat; 17 = more than 16
  u8 align32 = 1;    ///< alignment with 4-byte pointers
  u8 align64 = 1;    ///< with 8-byte pointers, also on the host
  u32 size32 = 0;    ///< CABI elem_size with 4-byte pointers
  u32 size64 = 0;
  DefTypeIdx elem;
  DefTypeIdx second;
  u32 number = 0;
  Array<Field> fields;
};

/// A component function type, interned.
struct CompFuncType {
  Array<Field> params;
  DefTypeIdx result; ///< none() without
  u32 is_async = 0;
  Str key; ///< the type key, see above
};

struct CoreSignature {
  Array<ValType> params;
  Array<ValType> results;
  u32 slots() const { return params.count > results.count ? params.count : results.count; }
};

/// A core module inside the file. The ModuleImage of the same index holds the rest.
struct CoreModule {
  u32 file_offset = 0;
  u32 size_bytes = 0;
};

enum class InitKind : u32 {
  start_component,
  instantiate_module,
  extract,
  define_resource,
  lower_import,
  fuse,
  canon_builtin,
};
struct Initialiser {
  InitKind kind = InitKind::start_component;
  u32 index = 0;
};

/// Names for messages; the root's is empty.
struct ComponentInstanceInfo {
  ComponentInstanceIdx parent; ///< none() for the root
  Str name;                    ///< path of instance numbers or import names, e.g. `instance 3`
};

/// What satisfies one import of a core module.
struct CoreArg {
  enum class Kind : u32 {
    instance_export, ///< export `name` of core instance `index`
    func_slot,       ///< function slot `index`
  };
  Kind kind = Kind::instance_export;
  u32 index = 0;
  Str name;
  ExternKind extern_kind = ExternKind::func;
  u8 pad[3] = {};
};
struct InstantiateModule {
  CoreModuleIdx module;
  ComponentInstanceIdx owner; ///< in whose name start functions run
  Array<CoreArg> args;        ///< one per import of the module, in its order
};

/// Export `name` of `instance` into the slot of `kind` (func, memory or table).
struct Extract {
  ExternKind kind = ExternKind::func;
  u8 pad[3] = {};
  CoreInstanceIdx instance;
  Str name;
  u32 slot = 0;
};

struct Resource {
  Str interface; ///< imported: name of the import as written, empty at the root; local: exporting interface
  Str name;
  ComponentInstanceIdx owner; ///< implementing component instance; none() = imported from the host
  FuncSlot dtor;              ///< none() without; signature (i32) -> ()
  bool is_imported() const { return owner.is_none(); }
};

struct CanonOptions {
  ComponentInstanceIdx instance;
  StringEncoding encoding = StringEncoding::utf8;
  u8 is_async = 0;
  u8 is_memory64 = 0;
  u8 pad = 0;
  MemorySlot memory; ///< none() without
  FuncSlot realloc;
  FuncSlot post_return; ///< receives the flat core results
  FuncSlot callback;
};

/// A function the host provides. One row per function of every imported instance, used or not.
struct HostImport {
  Str interface; ///< e.g. `wasi:io/streams@0.2.9` as written; empty for a function imported at the root
  Str name;      ///< e.g. `[method]output-stream.write`; nested instances joined with `#`
  CompFuncTypeIdx type;
  u32 is_used = 0; ///< lowered or re-exported somewhere
};
/// An imported instance, also when it holds only types.
struct ImportedInterface {
  Str name;
  u32 first_import = 0; ///< its functions in imports
  u32 import_count = 0;
};

/// Canonical lower of a host import. `params`: guest → host; `result`: host → guest, none() without a result.
struct LowerImport {
  HostImportIdx import;
  OptionsIdx options;
  CoreSignature signature; ///< of the core function made
  FuncSlot slot;
  TransferPlanIdx params;
  TransferPlanIdx result;
};

/// Canonical lift of a core function. Flat results of the core function: signature.results.
struct Lift {
  FuncSlot func;
  OptionsIdx options;
  CompFuncTypeIdx type;
  CoreSignature signature;
};

/// A lift called through a lower: caller guest → callee guest and back.
struct FusedAdapter {
  LiftIdx callee;
  OptionsIdx options;      ///< of the lower, caller's side
  CoreSignature signature; ///< of the core function made
  FuncSlot slot;
  TransferPlanIdx params; ///< caller → callee
  TransferPlanIdx result; ///< callee → caller; none() without
};

/// Rows of ir/canon_builtins.def.
enum class CanonKind : u8 {
#define PETREL_CANON(name, text, opcode, immediates, gate, core_type) name,
#include "ir/canon_builtins.def"
};

struct CanonBuiltin {
  CanonKind kind = CanonKind::resource_new;
  u8 is_async = 0; ///< the `a` byte, or the async option
  u8 pad[2] = {};
  OptionsIdx options;   ///< only the instance matters for resource.*
  ResourceIdx resource; ///< resource.*
  DefTypeIdx type;      ///< stream.*, future.*: the type; task.return: the result or none()
  u32 number = 0;       ///< context.*: slot; thread.*: core table slot
  CoreSignature signature;
  FuncSlot slot;
};

enum class ExportKind : u32 {
  lifted_func,   ///< index = LiftIdx
  imported_func, ///< index = HostImportIdx, passed through
  type,          ///< index = DefTypeIdx
  resource,      ///< index = ResourceIdx
  core_module,   ///< index = CoreModuleIdx
  interface,     ///< an exported instance itself, so that empty ones show; index unused
};
struct ComponentExport {
  Str interface; ///< e.g. `wasi:cli/run@0.2.3`; empty at the root; nested instances joined with `#`
  Str name;
  ExportKind kind = ExportKind::lifted_func;
  u32 index = 0;
  CompFuncTypeIdx type;   ///< functions
  TransferPlanIdx params; ///< lifted: host → guest
  TransferPlanIdx result; ///< lifted: guest → host; none() without
};

struct PlanHeader {
  static constexpr u32 kMagic = 0x31504350; // "PCP1"
  u32 magic = kMagic;
  u32 image_size = 0;
  u32 func_slots = 0;
  u32 memory_slots = 0;
  u32 table_slots = 0;
  u32 core_instances = 0;
  Array<CoreModule> modules;
  Array<Initialiser> initialisers;
  Array<ComponentInstanceInfo> components;
  Array<InstantiateModule> instantiates;
  Array<Extract> extracts;
  Array<Resource> resources;
  Array<CanonOptions> options;
  Array<HostImport> imports;
  Array<ImportedInterface> interfaces;
  Array<LowerImport> lowers;
  Array<Lift> lifts;
  Array<FusedAdapter> fused;
  Array<CanonBuiltin> builtins;
  Array<ComponentExport> exports;
  Array<DefType> types;
  Array<CompFuncType> func_types;
  Array<TransferPlan> plans;
};

/// Read access to a plan image. Does not own it; trivially copyable.
class ComponentPlan {
public:
  explicit ComponentPlan(const u8* image = nullptr) : image_(image) {}

  bool is_null() const { return image_ == nullptr; }
  const PlanHeader& header() const { return *reinterpret_cast<const PlanHeader*>(image_); }
  Bytes image() const { return {image_, header().image_size}; }

  template <typename T> std::span<const T> array(Array<T> a) const {
    // SAFETY: INVARIANT(plan).
    return {reinterpret_cast<const T*>(image_ + a.offset), a.count};
  }
  std::string_view str(Str s) const {
    return {reinterpret_cast<const char*>(image_) + s.offset, s.count};
  }

  std::span<const CoreModule> modules() const { return array(header().modules); }
  std::span<const Initialiser> initialisers() const { return array(header().initialisers); }
  std::span<const ComponentInstanceInfo> components() const { return array(header().components); }
  std::span<const InstantiateModule> instantiates() const { return array(header().instantiates); }
  std::span<const Extract> extracts() const { return array(header().extracts); }
  std::span<const Resource> resources() const { return array(header().resources); }
  std::span<const CanonOptions> options() const { return array(header().options); }
  std::span<const HostImport> imports() const { return array(header().imports); }
  std::span<const ImportedInterface> interfaces() const { return array(header().interfaces); }
  std::span<const LowerImport> lowers() const { return array(header().lowers); }
  std::span<const Lift> lifts() const { return array(header().lifts); }
  std::span<const FusedAdapter> fused() const { return array(header().fused); }
  std::span<const CanonBuiltin> builtins() const { return array(header().builtins); }
  std::span<const ComponentExport> exports() const { return array(header().exports); }
  std::span<const DefType> types() const { return array(header().types); }
  std::span<const CompFuncType> func_types() const { return array(header().func_types); }
  std::span<const TransferPlan> plans() const { return array(header().plans); }

  const DefType& type(DefTypeIdx idx) const { return types()[idx.index()]; }
  const CompFuncType& func_type(CompFuncTypeIdx idx) const { return func_types()[idx.index()]; }
  const TransferPlan& plan(TransferPlanIdx idx) const { return plans()[idx.index()]; }
  std::span<const u32> code(const TransferPlan& plan) const { return array(plan.code); }
  const CanonOptions& option(OptionsIdx idx) const { return options()[idx.index()]; }

  /// True when every array, index and plan inside is in range. For images that come from a file.
  static bool check(const u8* image, usize size_bytes);

private:
  const u8* image_;
};

/// Text of a canonical built-in, e.g. `resource.drop`.
std::string_view canon_text(CanonKind kind);

/// True when today's runtime can execute the built-in (the synchronous ones).
constexpr bool canon_is_sync(CanonKind kind) {
  return kind == CanonKind::resource_new || kind == CanonKind::resource_drop ||
         kind == CanonKind::resource_rep;
}

} // namespace petrel::ir
