// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aot/stubs.h"

#include <llvm/AsmParser/Parser.h>
#include <llvm/Support/SourceMgr.h>

#include "base/check.h"

namespace petrel::aot {

namespace {

// 16 bytes a round, the rest byte by byte. "no-builtins" keeps the loops from becoming calls of themselves. memmove
// goes downwards only when the destination starts inside the source; each round loads before it stores, and an
// overlap shorter than a round is right because rounds run away from the source's unread part.
constexpr const char* kStubs = R"(
define hidden ptr @memcpy(ptr %dst, ptr %src, i64 %n) #0 {
  %r = tail call ptr @memmove(ptr %dst, ptr %src, i64 %n)
  ret ptr %r
}

define hidden ptr @memmove(ptr %dst, ptr %src, i64 %n) #0 {
entry:
  %d = ptrtoint ptr %dst to i64
  %s = ptrtoint ptr %src to i64
  %distance = sub i64 %d, %s
  %inside = icmp ult i64 %distance, %n
  %rounds = and i64 %n, -16
  br i1 %inside, label %down, label %up

up:
  %i = phi i64 [ 0, %entry ], [ %i.next, %up.round ]
  %up.more = icmp ult i64 %i, %rounds
  br i1 %up.more, label %up.round, label %up.rest
up.round:
  %up.from = getelementptr i8, ptr %src, i64 %i
  %up.to = getelementptr i8, ptr %dst, i64 %i
  %up.v = load <16 x i8>, ptr %up.from, align 1
  store <16 x i8> %up.v, ptr %up.to, align 1
  %i.next = add i64 %i, 16
  br label %up
up.rest:
  %j = phi i64 [ %rounds, %up ], [ %j.next, %up.byte ]
  %up.rest.more = icmp ult i64 %j, %n
  br i1 %up.rest.more, label %up.byte, label %done
up.byte:
  %up.b.from = getelementptr i8, ptr %src, i64 %j
  %up.b.to = getelementptr i8, ptr %dst, i64 %j
  %up.b = load i8, ptr %up.b.from, align 1
  store i8 %up.b, ptr %up.b.to, align 1
  %j.next = add i64 %j, 1
  br label %up.rest

down:
  %k = phi i64 [ %n, %entry ], [ %k.next, %down.byte ]
  %down.byte.more = icmp ugt i64 %k, %rounds
  br i1 %down.byte.more, label %down.byte, label %down.rounds
down.byte:
  %k.next = add i64 %k, -1
  %down.b.from = getelementptr i8, ptr %src, i64 %k.next
  %down.b.to = getelementptr i8, ptr %dst, i64 %k.next
  %down.b = load i8, ptr %down.b.from, align 1
  store i8 %down.b, ptr %down.b.to, align 1
  br label %down
down.rounds:
  %m = phi i64 [ %rounds, %down ], [ %m.next, %down.round ]
  %down.more = icmp ne i64 %m, 0
  br i1 %down.more, label %down.round, label %done
down.round:
  %m.next = add i64 %m, -16
  %down.from = getelementptr i8, ptr %src, i64 %m.next
  %down.to = getelementptr i8, ptr %dst, i64 %m.next
  %down.v = load <16 x i8>, ptr %down.from, align 1
  store <16 x i8> %down.v, ptr %down.to, align 1
  br label %down.rounds

done:
  ret ptr %dst
}

define hidden ptr @memset(ptr %dst, i32 %value, i64 %n) #0 {
entry:
  %byte = trunc i32 %value to i8
  %one = insertelement <16 x i8> poison, i8 %byte, i64 0
  %all = shufflevector <16 x i8> %one, <16 x i8> poison, <16 x i32> zeroinitializer
  %rounds = and i64 %n, -16
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %i.next, %round ]
  %more = icmp ult i64 %i, %rounds
  br i1 %more, label %round, label %rest
round:
  %to = getelementptr i8, ptr %dst, i64 %i
  store <16 x i8> %all, ptr %to, align 1
  %i.next = add i64 %i, 16
  br label %loop
rest:
  %j = phi i64 [ %rounds, %loop ], [ %j.next, %rest.byte ]
  %rest.more = icmp ult i64 %j, %n
  br i1 %rest.more, label %rest.byte, label %done
rest.byte:
  %b.to = getelementptr i8, ptr %dst, i64 %j
  store i8 %byte, ptr %b.to, align 1
  %j.next = add i64 %j, 1
  br label %rest
done:
  ret ptr %dst
}

attributes #0 = { "no-builtins" }
)";

} // namespace

std::unique_ptr<llvm::Module> make_stubs(llvm::LLVMContext& context, const Target& target,
                                         const llvm::TargetMachine& machine) {
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(kStubs, diagnostic, context);
  CHECK(module != nullptr);
  prepare_module(*module, target, machine);
  for (llvm::Function& function : *module) {
    set_function_attributes(function, target, OptLevel::O2);
  }
  return module;
}

} // namespace petrel::aot
