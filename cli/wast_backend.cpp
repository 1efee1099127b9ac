// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast_backend.h"

#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/wast/wast_command.h"
#include "interp/interp.h"
#include "runtime/linker.h"
#include "runtime/type_registry.h"

namespace petrel::cli {

namespace {

using wast::Outcome;

/// Scripts may recurse until the stack is exhausted; nothing else bounds them.
constexpr u64 kScriptMemoryBytes = u64{8} << 30;

/// Scripts judge modules, so with lazy validation all bodies are asked for before any runs.
Status check_late_bodies(const runtime::CoreModule& module) {
  if (module.bodies.check == nullptr) {
    return {};
  }
  for (u32 i = module.ir.header().imported_funcs; i < module.ir.funcs().size(); ++i) {
    TRY(module.bodies.check(module.bodies.data, i));
  }
  return {};
}

class StoreBackend : public wast::Backend {
public:
  explicit StoreBackend(WastSetup& setup) : setup_(setup) {}

  Result<u32> compile(std::vector<u8> wasm) override {
    TRY_ASSIGN(auto program, setup_.load(std::move(wasm), setup_.options, setup_.data));
    TRY(check_late_bodies(*program->core_module()));
    programs_.push_back(std::move(program));
    return narrow<u32>(programs_.size() - 1);
  }

  std::vector<std::string> import_modules(u32 module) override {
    const ir::Module& ir = programs_[module]->core_module()->ir;
    std::vector<std::string> names;
    for (const ir::Import& import : ir.imports()) {
      names.emplace_back(ir.str(import.module));
    }
    return names;
  }

  Outcome instantiate(u32 module) override {
    const auto core = programs_[module]->core_module();
    runtime::Store& store = store_for(*programs_[module]);
    auto imports = linker_.resolve(store, core->ir);
    if (!imports) {
      return failed(std::move(imports).error());
    }
    auto instance = store.instantiate(core, *imports);
    if (!instance) {
      return failed(std::move(instance).error());
    }
    instances_.push_back(*instance);
    Outcome outcome;
    outcome.instance = narrow<u32>(instances_.size() - 1);
    return outcome;
  }

  void register_instance(u32 instance, std::string_view name) override {
    if (instance < shared_.size()) {
      for (const auto& [exported, memory] : shared_[instance]) {
        linker_.define(std::string(name), exported, runtime::Extern::of(memory));
      }
      return;
    }
    linker_.define_instance(std::string(name), *instances_[instance]);
  }

  std::unique_ptr<wast::Backend> fork(std::span<const u32> instances) override;

  Outcome invoke(u32 instance_number, std::string_view name,
                 std::span<const text::ScriptValue> args) override {
    if (instance_number < shared_.size()) {
      return failed(Error(ErrorClass::usage, "threads share memories only"));
    }
    runtime::Instance& instance = *instances_[instance_number];
    const ir::Export* exported = instance.ir().find_export(name);
    if (exported == nullptr || exported->kind != ir::ExternKind::func) {
      return failed(Error(ErrorClass::usage, "no such exported function"));
    }
    const ir::TypeDef& type = instance.ir().func_type(FuncIdx(exported->index));
    const auto results = instance.ir().results(type);
    if (args.size() != type.params.count) {
      return failed(Error(ErrorClass::usage,
                          strf("%zu arguments for %u parameters", args.size(), type.params.count)));
    }
    std::vector<RawVal> slots(std::max<usize>(args.size(), results.size()) + 1);
    if (auto ready = fill_args(args, slots); !ready) {
      return failed(std::move(ready).error());
    }
    if (auto done = store_->call_checked(instance.func_ref(FuncIdx(exported->index)), slots.data());
        !done) {
      return failed(std::move(done).error());
    }
    Outcome outcome;
    for (usize i = 0; i < results.size(); ++i) {
      outcome.values.push_back(
          from_raw(slots[i], runtime::canonical(results[i], instance.module().type_ids)));
    }
    return outcome;
  }

  Outcome get(u32 instance_number, std::string_view name) override {
    std::optional<runtime::Extern> found;
    if (instance_number >= shared_.size()) {
      found = instances_[instance_number]->find_export(name);
    }
    if (!found || found->kind != ir::ExternKind::global) {
      return failed(Error(ErrorClass::usage, "no such exported global"));
    }
    Outcome outcome;
    outcome.values.push_back(from_raw(*found->global->slot, found->global->type.type));
    return outcome;
  }

private:
  /// The Store comes with the first program, which says whether code is native.
  runtime::Store& store_for(const Program& program) { return store_of(program.is_native()); }
  runtime::Store& store_of(bool is_native) {
    if (store_ == nullptr) {
      store_ = std::make_unique<runtime::Store>(
          runtime::StoreConfig{.max_memory_bytes = kScriptMemoryBytes,
                               .interp = is_native ? nullptr : &interp::hooks(),
                               .gc_zeal = setup_.gc_zeal,
                               .determinism = is_native ? nullptr : setup_.determinism});
    }
    return *store_;
  }

  static Outcome failed(Error error) {
    Outcome outcome;
    if (error.cls() == ErrorClass::trap) {
      outcome.kind = Outcome::Kind::trap;
      outcome.trap = static_cast<ir::TrapCode>(error.info().trap_code);
    } else if (error.cls() == ErrorClass::exception) {
      outcome.kind = Outcome::Kind::exception;
      outcome.error = std::move(error);
    } else {
      outcome.kind = Outcome::Kind::error;
      outcome.error = std::move(error);
    }
    return outcome;
  }

  /// Arguments as slots. Host references of scripts are numbers in boxes.
  Status fill_args(std::span<const text::ScriptValue> args, std::vector<RawVal>& slots) {
    const bool has_refs = std::ranges::any_of(
        args, [](const auto& arg) { return arg.kind == text::ScriptValueKind::ref; });
    if (has_refs) {
      TRY(store_->gc_heap());
    }
    const runtime::GcRootScope roots(store_->gc(), slots);
    for (usize i = 0; i < args.size(); ++i) {
      if (args[i].kind != text::ScriptValueKind::ref) {
        std::memcpy(slots[i].bytes, args[i].bytes.data(), sizeof slots[i].bytes);
        continue; // a null reference is all zeros
      }
      const u32 made = store_->gc()->allocate_host(args[i].number.value_or(0));
      if (made == 0) {
        return fail(ErrorClass::limit, "no memory for a host reference");
      }
      slots[i] = RawVal::of_i64(made);
    }
    return {};
  }

  /// `type` in canonical form.
  wast::ResultValue from_raw(const RawVal& raw, ValType type) {
    wast::ResultValue value{.type = type, .bits = {raw.bits[0], raw.bits[1]}};
    if (!type.is_ref()) {
      return value;
    }
    value.is_null = raw.i64 == 0;
    if (!value.is_null) {
      describe_reference(raw.i64, value);
    }
    return value;
  }
  /// Says what a non-null reference is, by its type's hierarchy and by what it leads to.
  void describe_reference(u64 reference, wast::ResultValue& value) {
    const HeapType heap = value.type.heap();
    for (AbsHeapType top : {AbsHeapType::func, AbsHeapType::exn}) {
      if (runtime::matches(heap, HeapType(top))) {
        value.shape = top;
        return;
      }
    }
    const bool is_extern = runtime::matches(heap, HeapType(AbsHeapType::extern_));
    value.shape = is_extern ? AbsHeapType::extern_ : AbsHeapType::any;
    runtime::GcHeap* const gc = store_->gc();
    if (ir::is_i31(reference)) {
      value.shape = is_extern ? AbsHeapType::extern_ : AbsHeapType::i31;
    } else if (gc->is_host(reference)) {
      value.host_number = static_cast<u32>(gc->host_value(reference));
    } else if (!is_extern) {
      value.shape = gc->header(reference).kind() == ir::GcKind::struct_ ? AbsHeapType::struct_
                                                                        : AbsHeapType::array;
    }
  }

  WastSetup& setup_;
  std::vector<std::shared_ptr<const Program>> programs_; // outlive the store's instances
  std::unique_ptr<runtime::Store> store_;
  runtime::Linker linker_;
  std::vector<runtime::Instance*>
      instances_; ///< null for the first ones, which another thread shares
  std::vector<std::vector<std::pair<std::string, runtime::Memory*>>> shared_;
};

std::unique_ptr<wast::Backend> make_backend(void* data) {
  return std::make_unique<StoreBackend>(*static_cast<WastSetup*>(data));
}

Result<std::shared_ptr<const Program>> load_interpreted(std::vector<u8> wasm,
                                                        const ProgramOptions& options, void*) {
  TRY_ASSIGN(auto bytes, sys::FileBytes::copy_of(wasm));
  return Program::from_bytes(std::move(bytes), options);
}

std::unique_ptr<wast::Backend> StoreBackend::fork(std::span<const u32> instances) {
  if (setup_.load != load_interpreted) {
    return nullptr;
  }
  auto other = std::make_unique<StoreBackend>(setup_);
  runtime::Store& store = other->store_of(false);
  for (u32 number : instances) {
    other->instances_.push_back(nullptr);
    auto& memories = other->shared_.emplace_back();
    if (number < shared_.size()) {
      continue;
    }
    const ir::Module& ir = instances_[number]->ir();
    for (const ir::Export& exported : ir.exports()) {
      if (exported.kind != ir::ExternKind::memory) {
        continue;
      }
      runtime::Memory& memory = instances_[number]->memory(MemIdx(exported.index));
      if (memory.is_shared()) {
        memories.emplace_back(ir.str(exported.name), store.adopt_memory(store_->owner_of(&memory)));
      }
    }
  }
  return other;
}

} // namespace

wast::BackendFactory wast_backend_factory(WastSetup& setup) { return {make_backend, &setup}; }

Result<int> wast_interpreted_command(const Context& context) {
  if (context.line.arguments.empty()) {
    return fail(ErrorClass::usage, "wast: FILE is missing (see --help)");
  }
  TRY_ASSIGN(const ProgramOptions options, program_options(context.line));
  WastSetup setup{options, load_interpreted, nullptr};
  TRY_ASSIGN(setup.gc_zeal, has_gc_zeal(context.line));
  TRY_ASSIGN(setup.determinism, determinism(context.line));
  return wast::run_wast_command(context.line.arguments, context.line.has(OptionId::json),
                                wast_backend_factory(setup));
}

} // namespace petrel::cli
