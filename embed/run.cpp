// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/run.h"

#include "base/format.h"
#include "base/unicode.h"
#include "embed/core_values.h"
#include "embed/guest_threads.h"
#include "interp/interp.h"
#include "ir/value_text.h"
#include "runtime/deadline.h"
#include "runtime/linker.h"
#include "wasi/preview1.h"
#include "wasi/preview2.h"

namespace petrel {

namespace {

constexpr std::string_view kRunInterface = "wasi:cli/run@0.2";

runtime::StoreConfig store_config(const Program& program, const RunOptions& options) {
  CHECK(options.determinism == nullptr || !program.is_native());
  return {.max_memory_bytes = options.max_memory_bytes,
          .max_stack_bytes = options.max_stack_bytes,
          .interp = program.is_native() ? nullptr : &interp::hooks(),
          .gc_zeal = options.gc_zeal,
          .determinism = options.determinism};
}

/// A guest that ended itself comes back as an error on the way; here it becomes its exit code.
Result<int> exit_code_of(Error error) {
  if (error.cls() == ErrorClass::exit && error.info().text.empty()) {
    return error.info().exit_code;
  }
  return std::unexpected(std::move(error));
}

/// Names of the exports that could have been meant.
std::string export_list(const ir::Module& module) {
  std::string text;
  for (const ir::Export& exported : module.exports()) {
    if (exported.kind == ir::ExternKind::func) {
      text += strf("%s  %s", text.empty() ? "" : "\n", escaped(module.str(exported.name)).c_str());
    }
  }
  return text.empty() ? "it exports no function"
                      : "exported functions, for wasmrun call FILE NAME:\n" + text;
}

std::unexpected<Error> nothing_to_run(std::string text, std::string detail) {
  ErrorInfo info;
  info.cls = ErrorClass::link;
  info.text = std::move(text);
  info.detail = std::move(detail);
  return std::unexpected(Error(std::move(info)));
}

/// One guest with everything it needs; members in order of construction.
struct Guest {
  Guest(const Program& program, RunOptions& options)
      : ctx(std::move(options.wasi)), preview1(ctx), store(store_config(program, options)) {
    if (options.timeout) {
      deadline.emplace(store, *options.timeout);
    }
  }

  Result<runtime::Instance*> instantiate_core(const Program& program) {
    runtime::Linker linker;
    preview1.add_to_linker(linker);
    if (GuestThreads::is_wanted(program.core_module()->ir)) {
      threads.emplace(program, ctx, store);
      TRY(threads->add_to_linker(linker, store));
    }
    TRY_ASSIGN(auto imports, linker.resolve(store, program.core_module()->ir));
    return store.instantiate(program.core_module(), imports);
  }

  wasi::WasiCtx ctx;
  wasi::Preview1 preview1;
  runtime::Store store;
  std::optional<runtime::Deadline> deadline;
  std::optional<GuestThreads> threads;
};

Status run_core(const Program& program, Guest& guest) {
  TRY_ASSIGN(runtime::Instance * instance, guest.instantiate_core(program));
  for (std::string_view name : {"_start", "_initialize"}) {
    auto entry = instance->find_export(name);
    if (!entry || entry->kind != ir::ExternKind::func) {
      continue;
    }
    const ir::TypeDef& type =
        instance->ir().func_type(FuncIdx(instance->ir().find_export(name)->index));
    if (type.params.count != 0 || type.results.count != 0) {
      return nothing_to_run(
          strf("entry point: %.*s must have neither parameters nor results", PETREL_SV(name)), {});
    }
    RawVal nothing[1] = {};
    Status done = guest.store.call_checked(entry->func, nothing);
    return guest.threads ? guest.threads->finish(std::move(done)) : std::move(done);
  }
  return nothing_to_run("nothing to run: the module exports neither _start nor _initialize",
                        export_list(instance->ir()));
}

Result<int> run_component(const Program& program, Guest& guest) {
  component::Linker linker;
  wasi::Preview2 preview2(guest.ctx);
  TRY(preview2.check_config());
  preview2.add_to_linker(linker);
  TRY_ASSIGN(auto imports, linker.resolve(program.component()->plan));
  TRY_ASSIGN(auto instance, component::ComponentInstance::instantiate(
                                guest.store, program.component(), std::move(imports)));
  const ir::ComponentExport* run = instance->find_func(kRunInterface, "run");
  if (run == nullptr) {
    return nothing_to_run("nothing to run: the component does not export wasi:cli/run@0.2",
                          "wasmrun inspect FILE shows what it exports");
  }
  component::Arena arena;
  u8 result[8] = {}; // result<_, _>: the discriminant
  TRY(instance->call(*run, nullptr, result, arena));
  return result[0] == 0 ? 0 : 1;
}

} // namespace

Result<int> run_program(const Program& program, RunOptions options) {
  Guest guest(program, options);
  if (program.is_component()) {
    auto code = run_component(program, guest);
    return code ? std::move(code) : exit_code_of(std::move(code).error());
  }
  auto done = run_core(program, guest);
  return done ? Result<int>(0) : exit_code_of(std::move(done).error());
}

Result<std::string> call_function(const Program& program, const std::string& name,
                                  const std::vector<std::string>& args, RunOptions options) {
  if (program.is_component()) {
    return fail(ErrorClass::unsupported,
                "calling exports of components is not in this build; core modules only");
  }
  Guest guest(program, options);
  TRY_ASSIGN(runtime::Instance * instance, guest.instantiate_core(program));
  const ir::Export* exported = instance->ir().find_export(name);
  if (exported == nullptr || exported->kind != ir::ExternKind::func) {
    return nothing_to_run(strf("no exported function \"%s\"", escaped(name).c_str()),
                          export_list(instance->ir()));
  }
  const ir::TypeDef& type = instance->ir().func_type(FuncIdx(exported->index));
  const auto params = instance->ir().params(type);
  const auto results = instance->ir().results(type);
  if (args.size() != params.size()) {
    return fail(ErrorClass::usage, strf("function \"%s\" takes %zu arguments, %zu given",
                                        escaped(name).c_str(), params.size(), args.size()));
  }
  std::vector<RawVal> slots(std::max(params.size(), results.size()) + 1);
  for (usize i = 0; i < params.size(); ++i) {
    TRY_ASSIGN(slots[i], parse_core_value(args[i], params[i]));
  }
  TRY(guest.store.call_checked(instance->func_ref(FuncIdx(exported->index)), slots.data()));
  std::string text;
  for (usize i = 0; i < results.size(); ++i) {
    text += ir::value_text(slots[i], results[i]) + "\n";
  }
  return text;
}

} // namespace petrel
