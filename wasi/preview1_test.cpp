// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Preview 1 through an instance that has a memory and imports what is called: descriptors, hostile pointers and
// lists, records without padding from the host, polling.
#include "wasi/preview1.h"

#include <cstring>
#include <vector>

#include "frontend/module_decoder.h"
#include "frontend/text/encode.h"
#include "interp/interp.h"
#include "runtime/deadline.h"
#include "runtime/type_registry.h"
#include "wasi/test_pipe.h"

namespace petrel::wasi {
namespace {

enum : u64 {
  kSuccess = 0,
  kBadf = 8,
  kFault = 21,
  kInval = 28,
  kNospc = 51,
  kNotcapable = 76,
  kPipe = 64,
  kSpipe = 70
};

/// Imports one function of preview 1, under any module name, and has one page of memory.
class P1World {
public:
  P1World(int in, int out, std::vector<std::string> args = {"program", "x y"})
      : ctx_(config(in, out, std::move(args))), wasi_(ctx_) {
    wasi_.add_to_linker(linker_);
  }

  /// Calls a function; the errno, or u64(-1) when a trap or exit is pending.
  u64 call(std::string_view name, std::string_view signature, std::vector<u64> args,
           std::string_view module = "wasi_snapshot_preview1") {
    runtime::Instance* instance = instantiate(name, signature, module);
    memory_ = &instance->memory(MemIdx(0));
    std::memcpy(memory_->base(), page.data(), page.size());
    std::vector<RawVal> values(args.size() + 1);
    for (usize i = 0; i < args.size(); ++i) {
      values[i] = RawVal::of_i64(args[i]);
    }
    const bool ok = store.call(instance->func_ref(FuncIdx(0)), values.data());
    std::memcpy(page.data(), memory_->base(), page.size());
    return ok ? values[0].i32 : u64(-1);
  }

  template <typename T> void put(u32 at, T value) {
    std::memcpy(page.data() + at, &value, sizeof value);
  }
  template <typename T> T at(u32 address) const {
    T value;
    std::memcpy(&value, page.data() + address, sizeof value);
    return value;
  }
  std::string text(u32 address, usize size) const {
    return {reinterpret_cast<const char*>(page.data()) + address, size};
  }
  void put_buffer(u32 at, u32 pointer, u32 size) {
    put(at, pointer);
    put(at + 4, size);
  }
  u64 write(u32 fd, u32 list, u32 count, u32 result = 1000) {
    return call("fd_write", "iiii", {fd, list, count, result});
  }
  u64 read(u32 fd, u32 list, u32 count, u32 result = 1000) {
    return call("fd_read", "iiii", {fd, list, count, result});
  }

  runtime::Store store{store_config()};
  std::vector<u8> page = std::vector<u8>(65'536, 0); ///< memory before and after a call

private:
  static runtime::StoreConfig store_config() {
    runtime::StoreConfig config;
    config.interp = &interp::hooks();
    return config;
  }
  static WasiConfig config(int in, int out, std::vector<std::string> args) {
    WasiConfig made;
    made.args = std::move(args);
    made.env = {{"A", "b"}};
    made.stdin_fd = in;
    made.stdout_fd = out;
    made.stderr_fd = -1;
    return made;
  }
  struct Program {
    text::EncodedModule encoded;
    ModuleImage image;
    runtime::CoreModule core;
  };
  runtime::Instance* instantiate(std::string_view name, std::string_view signature,
                                 std::string_view module) {
    std::string params;
    for (char c : signature) {
      params += c == 'i' ? " i32" : " i64";
    }
    const std::string wat = "(module (import \"" + std::string(module) + "\" \"" +
                            std::string(name) + "\" (func (param" + params + ")" +
                            (name == "proc_exit" ? "" : " (result i32)") + ")) (memory 1))";
    auto program = std::make_shared<Program>();
    program->encoded = text::encode_module(wat).value();
    const auto& bytes = program->encoded.bytes;
    program->image = decode_module(bytes, 0, bytes.size(), {}).value();
    program->core.ir = program->image.module();
    program->core.file = program->core.data_base = bytes.data();
    program->core.type_ids = runtime::intern_types(program->core.ir).value();
    const std::vector<runtime::Extern> imports = linker_.resolve(store, program->core.ir).value();
    return store.instantiate({program, &program->core}, imports).value();
  }

  WasiCtx ctx_;
  Preview1 wasi_;
  runtime::Linker linker_;
  runtime::Memory* memory_ = nullptr;
};

/// A subscription of poll_oneoff at `at`.
void put_clock(P1World& world, u32 at, u64 userdata, u32 clock, u64 timeout_ns, u16 flags) {
  world.put(at, userdata);
  world.put(at + 8, u8{0});
  world.put(at + 16, clock);
  world.put(at + 24, timeout_ns);
  world.put(at + 40, flags);
}
void put_descriptor(P1World& world, u32 at, u64 userdata, u8 type, u32 fd) {
  world.put(at, userdata);
  world.put(at + 8, type);
  world.put(at + 16, fd);
}

} // namespace

TEST_CASE("preview 1: arguments and environment") {
  P1World world(-1, -1);
  CHECK_EQ(world.call("args_sizes_get", "ii", {0, 4}), kSuccess);
  CHECK_EQ(world.at<u32>(0), 2);
  CHECK_EQ(world.at<u32>(4), 12);
  CHECK_EQ(world.call("args_get", "ii", {0, 100}), kSuccess);
  CHECK_EQ(world.at<u32>(4), 108);
  CHECK_EQ(world.text(100, 12), std::string("program\0x y\0", 12));
  CHECK_EQ(world.call("environ_get", "ii", {0, 100}), kSuccess);
  CHECK_EQ(world.text(100, 4), std::string("A=b\0", 4));
  CHECK_EQ(world.call("args_get", "ii", {0, 65'530}), kFault);
  CHECK_EQ(world.call("args_get", "ii", {0xffff'fffe, 0}), kFault);
  CHECK_EQ(world.call("args_sizes_get", "ii", {0, 65'533}), kFault);
}

TEST_CASE("preview 1: write gathers, read scatters") {
  TestPipe in;
  TestPipe out;
  P1World world(in.read_end(), out.write_end());
  world.put_buffer(0, 100, 3);
  world.put_buffer(8, 200, 0);
  world.put_buffer(16, 300, 2);
  std::memcpy(world.page.data() + 100, "abc", 3);
  std::memcpy(world.page.data() + 300, "de", 2);
  CHECK_EQ(world.write(1, 0, 3), kSuccess);
  CHECK_EQ(world.at<u32>(1000), 5);
  CHECK_EQ(out.get(), "abcde");
  in.put("123"); // exactly the first buffer: must not wait for the second
  CHECK_EQ(world.read(0, 0, 3), kSuccess);
  CHECK_EQ(world.at<u32>(1000), 3);
  CHECK_EQ(world.text(100, 3), "123");
  in.put("4567");
  CHECK_EQ(world.read(0, 0, 3), kSuccess);
  CHECK_EQ(world.at<u32>(1000), 4);
  CHECK_EQ(world.text(300, 1), "7");
  in.close_write();
  CHECK_EQ(world.read(0, 0, 3), kSuccess);
  CHECK_EQ(world.at<u32>(1000), 0);
}

TEST_CASE("preview 1: hostile buffers move nothing") {
  TestPipe in;
  TestPipe out;
  P1World world(in.read_end(), out.write_end());
  world.put_buffer(0, 0, 4);
  world.put_buffer(8, 65'535, 2);
  CHECK_EQ(world.write(1, 0, 2), kFault);
  world.put_buffer(8, 0xffff'ffff, 0xffff'ffff);
  CHECK_EQ(world.write(1, 0, 2), kFault);
  CHECK_EQ(world.write(1, 0xffff'fff8, 1), kFault);
  CHECK_EQ(world.write(1, 0, 1, 65'534), kFault);
  CHECK_EQ(world.write(1, 0, 0xffff'ffff), kInval);
  CHECK_EQ(world.write(1, 0, 0), kSuccess);
  out.close_write();
  CHECK_EQ(out.get(), "");
}

TEST_CASE("preview 1: most buffers and most bytes") {
  TestPipe out;
  P1World world(-1, out.write_end());
  for (u32 i = 0; i < 1024; ++i) {
    world.put_buffer(i * 8, 0, 1);
  }
  CHECK_EQ(world.write(1, 0, 1024, 20'000), kSuccess);
  CHECK_EQ(out.get().size(), 1024);
  CHECK_EQ(world.write(1, 0, 1025, 20'000), kInval);
}

TEST_CASE("preview 1: a reader that left") {
  TestPipe out;
  P1World world(-1, out.write_end());
  out.close_read();
  world.put_buffer(0, 0, 4);
  CHECK_EQ(world.write(1, 0, 1), kPipe);
}

TEST_CASE("preview 1: errors of the host by their own names") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  P1World world(-1, full);
  world.put_buffer(0, 0, 4);
  CHECK_EQ(world.write(1, 0, 1), kNospc);
  ::close(full);
}

TEST_CASE("preview 1: descriptors, rights, renumber") {
  TestPipe in;
  TestPipe out;
  P1World world(in.read_end(), out.write_end());
  world.put_buffer(0, 100, 1);
  CHECK_EQ(world.write(0, 0, 1), kBadf); // stdin is not for writing
  CHECK_EQ(world.read(1, 0, 1), kBadf);
  CHECK_EQ(world.write(3, 0, 1), kBadf);
  CHECK_EQ(world.write(0xffff'ffff, 0, 1), kBadf);
  std::fill(world.page.begin(), world.page.end(), u8{0xee});
  CHECK_EQ(world.call("fd_fdstat_get", "ii", {1, 0}), kSuccess);
  CHECK_EQ(world.at<u64>(0), 0); // type unknown, flags and padding zero
  CHECK_EQ(world.at<u64>(8), (u64{1} << 6) | (u64{1} << 27));
  CHECK_EQ(world.call("fd_filestat_get", "ii", {1, 0}), kSuccess);
  CHECK_EQ(world.text(0, 64), std::string(64, '\0'));
  CHECK_EQ(world.at<u8>(64), 0xee);
  world.put(56, u64{0xeeee'eeee'eeee'eeee});
  CHECK_EQ(world.call("fd_filestat_get", "ii", {1, 0}, "wasi_unstable"), kSuccess);
  CHECK_EQ(world.at<u8>(56), 0xee);
  CHECK_EQ(world.call("fd_fdstat_set_rights", "iII", {1, u64{1} << 1, 0}), kNotcapable);
  CHECK_EQ(world.call("fd_fdstat_set_rights", "iII", {1, 0, 0}), kSuccess);
  CHECK_EQ(world.write(1, 0, 1), kBadf);
  CHECK_EQ(world.call("fd_renumber", "ii", {0, 1}), kSuccess);
  CHECK_EQ(world.call("fd_close", "i", {0}), kBadf);
  in.put("x");
  world.put_buffer(0, 100, 1);
  CHECK_EQ(world.read(1, 0, 1), kSuccess);
  CHECK_EQ(world.call("fd_close", "i", {1}), kSuccess);
  CHECK_EQ(world.read(1, 0, 1), kBadf);
  in.put("y"); // the host's pipe is still open
}

TEST_CASE("preview 1: as in a process without preopens") {
  TestPipe in;
  P1World world(in.read_end(), -1);
  CHECK_EQ(world.call("fd_prestat_get", "ii", {3, 0}), kBadf);
  CHECK_EQ(world.call("path_open", "iiiiiIIii", {3, 0, 0, 1, 0, 0, 0, 0, 0}), kBadf);
  CHECK_EQ(world.call("fd_seek", "iIii", {0, 0, 0, 0}), kSpipe);
  CHECK_EQ(world.call("fd_readdir", "iiiIi", {0, 0, 0, 0, 0}), kBadf);
  CHECK_EQ(world.call("sock_shutdown", "ii", {9, 0}), kBadf);
}

TEST_CASE("preview 1: poll_oneoff") {
  TestPipe in;
  P1World world(in.read_end(), -1);
  in.put("x");
  put_clock(world, 0, 11, 1, u64(-1), 0);
  put_descriptor(world, 48, 22, 1, 0);
  put_descriptor(world, 96, 33, 2, 0); // stdin is not for writing
  std::memset(world.page.data() + 1000, 0xee, 96);
  CHECK_EQ(world.call("poll_oneoff", "iiii", {0, 1000, 3, 2000}), kSuccess);
  REQUIRE_EQ(world.at<u32>(2000), 2);
  CHECK_EQ(world.at<u64>(1000), 33);
  CHECK_EQ(world.at<u16>(1008), kBadf);
  CHECK_EQ(world.at<u64>(1032), 22);
  CHECK_EQ(world.at<u16>(1040), 0);
  CHECK_EQ(world.at<u8>(1042), 1);
  CHECK_EQ(world.text(1058, 6), std::string(6, '\0'));
  put_clock(world, 0, 44, 0, 1, 1); // long past
  CHECK_EQ(world.call("poll_oneoff", "iiii", {0, 1000, 1, 2000}), kSuccess);
  CHECK_EQ(world.at<u64>(1000), 44);
  put_clock(world, 0, 55, 1, 1'000'000, 0);
  CHECK_EQ(world.call("poll_oneoff", "iiii", {0, 1000, 1, 2000}), kSuccess);
  CHECK_EQ(world.at<u64>(1000), 55);
  // the older record: a clock with one more word in front, then a descriptor
  put_clock(world, 8, 0, 1, u64(-1), 0);
  put_descriptor(world, 0, 66, 0, 0);
  put_descriptor(world, 56, 77, 1, 0);
  CHECK_EQ(world.call("poll_oneoff", "iiii", {0, 1000, 2, 2000}, "wasi_unstable"), kSuccess);
  CHECK_EQ(world.at<u32>(2000), 1);
  CHECK_EQ(world.at<u64>(1000), 77);
  CHECK_EQ(world.call("poll_oneoff", "iiii", {0, 1000, 0, 2000}), kInval);
  CHECK_EQ(world.call("poll_oneoff", "iiii", {0, 1000, 0xffff'ffff, 2000}), kInval);
  CHECK_EQ(world.call("poll_oneoff", "iiii", {65'500, 1000, 1, 2000}), kFault);
  CHECK_EQ(world.call("poll_oneoff", "iiii", {0, 65'510, 1, 2000}), kFault);
  world.put(8, u8{3});
  CHECK_EQ(world.call("poll_oneoff", "iiii", {0, 1000, 1, 2000}), kInval);
}

TEST_CASE("preview 1: clocks and random numbers") {
  P1World world(-1, -1);
  CHECK_EQ(world.call("clock_time_get", "iIi", {1, 0, 0}), kSuccess);
  CHECK_GT(world.at<u64>(0), 0);
  CHECK_EQ(world.call("clock_res_get", "ii", {0, 0}), kSuccess);
  CHECK_GT(world.at<u64>(0), 0);
  CHECK_EQ(world.call("clock_time_get", "iIi", {4, 0, 0}), kInval);
  CHECK_EQ(world.call("clock_time_get", "iIi", {0, 0, 65'529}), kFault);
  CHECK_EQ(world.call("random_get", "ii", {0, 65'536}), kSuccess);
  CHECK_NE(world.text(0, 32), std::string(32, '\0'));
  CHECK_EQ(world.call("random_get", "ii", {1, 65'536}), kFault);
  CHECK_EQ(world.call("random_get", "ii", {65'536, 0}), kSuccess);
}

TEST_CASE("preview 1: exit, and a wait that a deadline ends") {
  TestPipe in;
  P1World world(in.read_end(), -1);
  CHECK_EQ(world.call("proc_exit", "i", {7}), u64(-1));
  CHECK_EQ(world.store.take_pending().info().exit_code, 7);
  world.put_buffer(0, 100, 1);
  runtime::Deadline deadline(world.store, std::chrono::milliseconds(5));
  CHECK_EQ(world.read(0, 0, 1), u64(-1));
  CHECK_EQ(world.store.take_pending().info().text, "wasm trap: interrupt");
}

} // namespace petrel::wasi
