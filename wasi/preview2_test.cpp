// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// io, cli, clocks, random of WASI 0.2 over pipes: the rules of the interfaces that a guest's standard library never
// breaks, and the limits.
#include "wasi/preview2.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

#include "runtime/deadline.h"
#include "wasi/preview2_test_world.h"
#include "wasi/streams.h"

namespace petrel::wasi {
namespace {

constexpr std::string_view kStreams = "wasi:io/streams";
constexpr std::string_view kPoll = "wasi:io/poll";
constexpr std::string_view kMonotonic = "wasi:clocks/monotonic-clock";

WasiConfig stdio(int in, int out) {
  WasiConfig config;
  config.args = {"program", "a", ""};
  config.env = {{"HOME", "/"}, {"EMPTY", ""}};
  config.stdin_fd = in;
  config.stdout_fd = out;
  config.stderr_fd = -1;
  return config;
}

std::string text_of(const List<u8>& bytes) { return std::string(as_text(bytes.span())); }
List<u8> list_of(std::string_view text) { return {as_bytes(text).data(), text.size()}; }

struct Streams {
  Streams() : world(stdio(in.read_end(), out.write_end())) {}
  u32 stdin_stream() { return world.get_handle("wasi:cli/stdin", "get-stdin"); }
  u32 stdout_stream() { return world.get_handle("wasi:cli/stdout", "get-stdout"); }
  TestBytes read(std::string_view name, u32 self, u64 len) {
    return world.get<TestBytes>(kStreams, name, TestLength{self, len});
  }
  TestCount check_write(u32 self) {
    return world.get<TestCount>(kStreams, "[method]output-stream.check-write", TestSelf{self});
  }
  TestDone write(std::string_view name, u32 self, std::string_view text) {
    return world.get<TestDone>(kStreams, name, TestContents{self, list_of(text)});
  }

  TestPipe in;
  TestPipe out;
  TestWorld world;
};

constexpr std::string_view kRead = "[method]input-stream.read";
constexpr std::string_view kBlockingRead = "[method]input-stream.blocking-read";
constexpr std::string_view kWrite = "[method]output-stream.write";
constexpr std::string_view kWriteAndFlush = "[method]output-stream.blocking-write-and-flush";

} // namespace

TEST_CASE("preview 2: every function of the inventory is offered once") {
  std::set<std::string> names;
  usize count = 0;
  for (const auto package :
       {io_interfaces(), clocks_interfaces(), random_interfaces(), cli_interfaces(),
        filesystem_interfaces(), sockets_interfaces(), http_interfaces()}) {
    for (const component::HostInterface& each : package) {
      CHECK_EQ(each.version, "0.2.12");
      for (const component::HostFuncDef& func : each.funcs) {
        names.insert(std::string(each.name) + "#" + std::string(func.name));
        ++count;
      }
    }
  }
  CHECK_EQ(count, 179); // of 181 in the WIT two are exports
  CHECK_EQ(names.size(), count);
}

TEST_CASE("preview 2: every function with all parameter bits zero, and all one where no pointer is "
          "among them") {
  constexpr usize kRoom = 256; // for the largest parameters and results
  constexpr usize kMostResult = 64;
  usize answered = 0;
  usize stopped = 0;
  TestWorld world(stdio(-1, -1));
  auto call = [&](const component::HostFuncDef& func, u8 bits) {
    alignas(16) u8 params[kRoom];
    alignas(16) u8 result[kRoom] = {};
    std::fill_n(params, kRoom, bits);
    std::fill(result + kMostResult, result + kRoom, u8{0xcc});
    world.arena.reset();
    HostCall host{world.store, world.resources, world.arena, &world.wasi};
    const bool ok = func.fn(host, params, result);
    ++(ok ? answered : stopped);
    CHECK_EQ(world.store.pending().kind == runtime::PendingKind::none, ok);
    CHECK(std::all_of(result + kMostResult, result + kRoom, [](u8 byte) { return byte == 0xcc; }));
    if (!ok) {
      world.store.take_pending();
    }
  };
  for (const auto package :
       {io_interfaces(), clocks_interfaces(), random_interfaces(), cli_interfaces(),
        filesystem_interfaces(), sockets_interfaces(), http_interfaces()}) {
    for (const component::HostInterface& each : package) {
      for (const component::HostFuncDef& func : each.funcs) {
        const std::string_view params = func.key.substr(0, func.key.find(")->"));
        call(func, 0);
        if (!params.contains("string") && !params.contains("list<")) {
          call(func, 0xff);
        }
      }
    }
  }
  CHECK_GT(answered, 40);
  CHECK_GT(stopped, 200);
}

TEST_CASE("input stream: nothing yet, bytes, end") {
  Streams s;
  const u32 stream = s.stdin_stream();
  TestBytes got = s.read(kRead, stream, 10);
  CHECK_EQ(got.is_err, 0);
  CHECK_EQ(got.ok.count, 0);
  s.in.put("hello");
  got = s.read(kRead, stream, 3);
  CHECK_EQ(text_of(got.ok), "hel");
  got = s.read(kBlockingRead, stream, u64(-1));
  CHECK_EQ(text_of(got.ok), "lo");
  s.in.close_write();
  got = s.read(kBlockingRead, stream, 0); // length 0 is never the end
  CHECK_EQ(got.is_err, 0);
  got = s.read(kRead, stream, 1);
  CHECK_EQ(got.is_err, 1);
  CHECK_EQ(got.err.is_closed, 1);
  got = s.read(kBlockingRead, stream, 1);
  CHECK_EQ(got.err.is_closed, 1);
}

TEST_CASE("input stream: one read gives at most 64 KiB, skip counts") {
  Streams s;
  const u32 stream = s.stdin_stream();
  s.in.put(std::string(65'536, 'x'));
  const auto skipped =
      s.world.get<TestCount>(kStreams, "[method]input-stream.blocking-skip", TestLength{stream, 6});
  CHECK_EQ(skipped.ok, 6);
  CHECK_EQ(s.read(kRead, stream, u64(1) << 40).ok.count, 65'530);
}

TEST_CASE("output stream: permits") {
  Streams s;
  const u32 stream = s.stdout_stream();
  TestDone done;
  CHECK_EQ(s.world.trap_of(kStreams, kWrite, TestContents{stream, list_of("x")}, done),
           "write exceeds what check-write permitted");
  CHECK_EQ(s.write(kWrite, stream, "").is_err, 0);
  const TestCount permit = s.check_write(stream);
  CHECK_EQ(permit.ok, 65'536);
  CHECK_EQ(s.write(kWrite, stream, "abc").is_err, 0);
  CHECK_EQ(s.out.get(), "abc");
  const std::string rest(65'534, 'x');
  CHECK_EQ(s.world.trap_of(kStreams, kWrite, TestContents{stream, list_of(rest)}, done),
           "write exceeds what check-write permitted");
}

TEST_CASE("output stream: blocking writes take at most 4096 bytes") {
  Streams s;
  const u32 stream = s.stdout_stream();
  const std::string text(4097, 'y');
  CHECK_EQ(s.write(kWriteAndFlush, stream, std::string_view(text).substr(1)).is_err, 0);
  CHECK_EQ(s.out.get().size(), 4096);
  TestDone done;
  CHECK_EQ(s.world.trap_of(kStreams, kWriteAndFlush, TestContents{stream, list_of(text)}, done),
           "blocking-write-and-flush of more than 4096 bytes");
  const std::string_view zeroes = "[method]output-stream.blocking-write-zeroes-and-flush";
  CHECK_EQ(s.world.get<TestDone>(kStreams, zeroes, TestLength{stream, 4096}).is_err, 0);
  CHECK_EQ(s.out.get(), std::string(4096, '\0'));
  CHECK_EQ(s.world.trap_of(kStreams, zeroes, TestLength{stream, 4097}, done),
           "blocking-write-zeroes-and-flush of more than 4096 bytes");
}

TEST_CASE("output stream: write-zeroes under a permit") {
  Streams s;
  const u32 stream = s.stdout_stream();
  CHECK_EQ(s.check_write(stream).is_err, 0);
  CHECK_EQ(
      s.world
          .get<TestDone>(kStreams, "[method]output-stream.write-zeroes", TestLength{stream, 5000})
          .is_err,
      0);
  CHECK_EQ(s.out.get(), std::string(5000, '\0'));
}

TEST_CASE("output stream: a full pipe permits nothing") {
  Streams s;
  const u32 stream = s.stdout_stream();
  while (s.check_write(stream).ok != 0) {
    s.write(kWriteAndFlush, stream, std::string(4096, 'z'));
  }
  const u32 pollable =
      s.world.get<u32>(kStreams, "[method]output-stream.subscribe", TestSelf{stream});
  CHECK_EQ(s.world.get<u8>(kPoll, "[method]pollable.ready", TestSelf{pollable}), 0);
  s.out.get();
  CHECK_EQ(s.world.get<u8>(kPoll, "[method]pollable.ready", TestSelf{pollable}), 1);
}

TEST_CASE("output stream: without a reader it is closed, not failed") {
  Streams s;
  const u32 stream = s.stdout_stream();
  s.out.close_read();
  for (int i = 0; i < 2; ++i) {
    const TestDone done = s.write(kWriteAndFlush, stream, "x");
    CHECK_EQ(done.is_err, 1);
    CHECK_EQ(done.err.is_closed, 1);
  }
  CHECK_EQ(s.check_write(stream).err.is_closed, 1);
}

TEST_CASE("output stream: a failure is told once, then the stream is closed") {
  TestPipe in;
  TestWorld world(stdio(in.read_end(), in.read_end())); // cannot be written to
  const u32 stream = world.get_handle("wasi:cli/stdout", "get-stdout");
  auto write = [&] {
    return world.get<TestDone>(kStreams, kWriteAndFlush, TestContents{stream, list_of("x")});
  };
  TestDone done = write();
  CHECK_EQ(done.is_err, 1);
  CHECK_EQ(done.err.is_closed, 0);
  const u32 error = done.err.error;
  const auto text =
      world.get<String>("wasi:io/error", "[method]error.to-debug-string", TestSelf{error});
  CHECK_EQ(std::string(text.view()), "Bad file descriptor");
  const auto code =
      world.get<OptionOf<u8>>("wasi:filesystem/types", "filesystem-error-code", TestSelf{error});
  CHECK_EQ(code.is_some, 1);
  CHECK_EQ(code.value, 3); // bad-descriptor
  CHECK_EQ(world.get<OptionOf<u8>>("wasi:sockets/network", "network-error-code", TestSelf{error})
               .is_some,
           0);
  done = write();
  CHECK_EQ(done.err.is_closed, 1);
}

TEST_CASE("splice copies between streams in the host") {
  Streams s;
  struct Params {
    u32 self;
    u32 src;
    u64 len;
  } params{s.stdout_stream(), s.stdin_stream(), 4};
  CHECK_EQ(s.world.get<TestCount>(kStreams, "[method]output-stream.splice", params).ok, 0);
  s.in.put("abcdef");
  CHECK_EQ(s.world.get<TestCount>(kStreams, "[method]output-stream.blocking-splice", params).ok, 4);
  CHECK_EQ(s.world.get<TestCount>(kStreams, "[method]output-stream.splice", params).ok, 2);
  CHECK_EQ(s.out.get(), "abcdef");
  s.in.close_write();
  CHECK_EQ(s.world.get<TestCount>(kStreams, "[method]output-stream.blocking-splice", params)
               .err.is_closed,
           1);
}

TEST_CASE("absent stdio: end of file and a sink") {
  TestWorld world(stdio(-1, -1));
  const u32 in = world.get_handle("wasi:cli/stdin", "get-stdin");
  const u32 out = world.get_handle("wasi:cli/stdout", "get-stdout");
  CHECK_EQ(world.get<TestBytes>(kStreams, kBlockingRead, TestLength{in, 1}).err.is_closed, 1);
  CHECK_EQ(world.get<TestDone>(kStreams, kWriteAndFlush, TestContents{out, list_of("x")}).is_err,
           0);
  CHECK_EQ(world.get<TestCount>(kStreams, "[method]output-stream.check-write", TestSelf{out}).ok,
           65'536);
  CHECK_EQ(
      world.get<OptionOf<u32>>("wasi:cli/terminal-stdin", "get-terminal-stdin", Nothing{}).is_some,
      0);
  CHECK_EQ(world.get<OptionOf<u32>>("wasi:cli/terminal-stdout", "get-terminal-stdout", Nothing{})
               .is_some,
           0);
}

TEST_CASE("terminals") {
  const int control = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE_EQ(::grantpt(control) | ::unlockpt(control), 0);
  const int terminal = ::open(::ptsname(control), O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE_GE(terminal, 0);
  TestPipe pipe;
  TestWorld world(stdio(terminal, pipe.write_end()));
  const auto in =
      world.get<OptionOf<u32>>("wasi:cli/terminal-stdin", "get-terminal-stdin", Nothing{});
  CHECK_EQ(in.is_some, 1);
  CHECK_NE(world.resources.find(in.value), nullptr);
  CHECK_EQ(world.get<OptionOf<u32>>("wasi:cli/terminal-stdout", "get-terminal-stdout", Nothing{})
               .is_some,
           0);
  ::close(terminal);
  ::close(control);
}

TEST_CASE("poll: all ready indices, duplicates, empty and too long lists") {
  Streams s;
  const u32 in = s.stdin_stream();
  const u32 readable = s.world.get<u32>(kStreams, "[method]input-stream.subscribe", TestSelf{in});
  const u32 now = s.world.get<u32>(kMonotonic, "subscribe-duration", u64{0});
  const u32 never = s.world.get<u32>(kMonotonic, "subscribe-duration", u64(-1));
  const u32 past = s.world.get<u32>(kMonotonic, "subscribe-instant", u64{1});
  auto poll = [&](std::vector<u32> handles) {
    const auto list =
        s.world.get<List<u32>>(kPoll, "poll", List<u32>{handles.data(), handles.size()});
    return std::vector<u32>(list.ptr, list.ptr + list.count);
  };
  CHECK_EQ(poll({readable, now, never, past, now}), std::vector<u32>{1, 3, 4});
  s.in.put("x");
  CHECK_EQ(poll({never, readable}), std::vector<u32>{1});
  CHECK_EQ(s.world.get<u8>(kPoll, "[method]pollable.ready", TestSelf{never}), 0);
  const u32 soon = s.world.get<u32>(kMonotonic, "subscribe-duration", u64{1'000'000});
  Nothing nothing;
  CHECK(s.world.call(kPoll, "[method]pollable.block", TestSelf{soon}, nothing));
  CHECK_EQ(s.world.get<u8>(kPoll, "[method]pollable.ready", TestSelf{soon}), 1);

  List<u32> result;
  CHECK_EQ(s.world.trap_of(kPoll, "poll", List<u32>{}, result), "empty poll list");
  CHECK_EQ(poll(std::vector<u32>(1024, now)).size(), 1024);
  const std::vector<u32> many(1025, now);
  CHECK_EQ(s.world.trap_of(kPoll, "poll", List<u32>{many.data(), many.size()}, result),
           "poll list exceeds 1024 pollables");
}

TEST_CASE("pollables are children of their stream") {
  using enum component::ResourceTable::RemoveStatus;
  Streams s;
  const u32 in = s.stdin_stream();
  const u32 pollable = s.world.get<u32>(kStreams, "[method]input-stream.subscribe", TestSelf{in});
  CHECK_EQ(s.world.resources.remove(in), has_children);
  CHECK_EQ(s.world.resources.remove(pollable), removed);
  CHECK_EQ(s.world.resources.remove(in), removed);
}

TEST_CASE("waiting ends at a deadline") {
  Streams s;
  const u32 in = s.stdin_stream();
  const u32 pollable = s.world.get<u32>(kStreams, "[method]input-stream.subscribe", TestSelf{in});
  TestBytes bytes;
  Nothing nothing;
  {
    runtime::Deadline deadline(s.world.store, std::chrono::milliseconds(5));
    CHECK_EQ(s.world.trap_of(kStreams, kBlockingRead, TestLength{in, 1}, bytes), "interrupt");
  }
  {
    runtime::Deadline deadline(s.world.store, std::chrono::milliseconds(5));
    CHECK_EQ(s.world.trap_of(kPoll, "[method]pollable.block", TestSelf{pollable}, nothing),
             "interrupt");
  }
  s.in.put("x"); // the stream survived
  CHECK_EQ(text_of(s.read(kBlockingRead, in, 1).ok), "x");
}

TEST_CASE("resources end at the limit with a trap") {
  TestWorld world(stdio(-1, -1), 3);
  for (int i = 0; i < 3; ++i) {
    world.get_handle("wasi:cli/stdin", "get-stdin");
  }
  u32 handle = 0;
  CHECK_EQ(world.trap_of("wasi:cli/stdin", "get-stdin", Nothing{}, handle), "handle table is full");
}

TEST_CASE("handles of another class and unknown ones trap") {
  Streams s;
  TestBytes bytes;
  CHECK_EQ(s.world.trap_of(kStreams, kRead, TestLength{s.stdout_stream(), 1}, bytes),
           "unknown handle index");
  CHECK_EQ(s.world.trap_of(kStreams, kRead, TestLength{99, 1}, bytes), "unknown handle index");
  CHECK_EQ(s.world.trap_of("wasi:filesystem/types", "[method]descriptor.sync", TestSelf{1}, bytes),
           "unknown handle index");
}

TEST_CASE("environment and exit") {
  TestWorld world(stdio(-1, -1));
  const auto args = world.get<List<String>>("wasi:cli/environment", "get-arguments", Nothing{});
  REQUIRE_EQ(args.count, 3);
  CHECK_EQ(std::string(args.ptr[0].view()), "program");
  CHECK_EQ(std::string(args.ptr[2].view()), "");
  const auto env =
      world.get<List<PairOf<String, String>>>("wasi:cli/environment", "get-environment", Nothing{});
  REQUIRE_EQ(env.count, 2);
  CHECK_EQ(std::string(env.ptr[0].first.view()), "HOME");
  CHECK_EQ(std::string(env.ptr[0].second.view()), "/");
  CHECK_EQ(world.get<OptionOf<String>>("wasi:cli/environment", "initial-cwd", Nothing{}).is_some,
           0);
  Nothing nothing;
  CHECK_EQ(world.trap_of("wasi:cli/exit", "exit", u8{0}, nothing), "exit 0");
  CHECK_EQ(world.trap_of("wasi:cli/exit", "exit", u8{1}, nothing), "exit 1");
  CHECK_EQ(world.trap_of("wasi:cli/exit", "exit-with-code", u8{255}, nothing), "exit 255");
}

TEST_CASE("arguments and environment must be UTF-8") {
  CHECK(TestWorld(stdio(-1, -1)).wasi.check_config().has_value());
  WasiConfig config = stdio(-1, -1);
  config.args[1] = "a\xff";
  TestWorld arguments(config);
  Status status = arguments.wasi.check_config();
  REQUIRE_FALSE(status.has_value());
  CHECK_EQ(status.error().info().text, "argument 1: expected UTF-8, found 'a\\xff'");
  config.args[1] = "a";
  config.env[0].second = "\xc3";
  TestWorld environment(config);
  status = environment.wasi.check_config();
  REQUIRE_FALSE(status.has_value());
  CHECK_EQ(status.error().info().text, "variable HOME: expected UTF-8, found '\\xc3'");
}

TEST_CASE("clocks") {
  TestWorld world(stdio(-1, -1));
  const u64 first = world.get<u64>(kMonotonic, "now", Nothing{});
  CHECK_LE(first, world.get<u64>(kMonotonic, "now", Nothing{}));
  CHECK_GT(world.get<u64>(kMonotonic, "resolution", Nothing{}), 0);
  struct Datetime {
    u64 seconds;
    u32 nanoseconds;
  };
  const auto now = world.get<Datetime>("wasi:clocks/wall-clock", "now", Nothing{});
  CHECK_GT(now.seconds, 1'700'000'000);
  CHECK_LT(now.nanoseconds, 1'000'000'000);
  CHECK_EQ(world.get<i32>("wasi:clocks/timezone", "utc-offset", now), 0);
}

TEST_CASE("random bytes: distinct, up to 16 MiB") {
  TestWorld world(stdio(-1, -1));
  CHECK_NE(world.get<u64>("wasi:random/random", "get-random-u64", Nothing{}),
           world.get<u64>("wasi:random/insecure", "get-insecure-random-u64", Nothing{}));
  const u64 limit = u64{16} << 20;
  const auto bytes = world.get<List<u8>>("wasi:random/random", "get-random-bytes", limit);
  REQUIRE_EQ(bytes.count, limit);
  const auto last = bytes.span().last(64);
  CHECK(std::ranges::any_of(last, [](u8 byte) { return byte != 0; }));
  CHECK_EQ(world.get<List<u8>>("wasi:random/random", "get-random-bytes", u64{0}).count, 0);
  List<u8> none;
  CHECK_EQ(world.trap_of("wasi:random/random", "get-random-bytes", limit + 1, none),
           "more than 16 MiB of random bytes in one call");
  CHECK_EQ(world.trap_of("wasi:random/insecure", "get-insecure-random-bytes", u64(-1), none),
           "more than 16 MiB of random bytes in one call");
}

TEST_CASE("what is not granted is refused with its error code") {
  TestWorld world(stdio(-1, -1));
  CHECK_EQ(world.get<List<u8>>("wasi:filesystem/preopens", "get-directories", Nothing{}).count, 0);
  const auto socket =
      world.get<ResultOf<u32, u8>>("wasi:sockets/tcp-create-socket", "create-tcp-socket", u8{0});
  CHECK_EQ(socket.is_err, 1);
  CHECK_EQ(socket.err, 1);
  const u32 network = world.get_handle("wasi:sockets/instance-network", "instance-network");
  const PairOf<u32, String> lookup{network, String("example.org")};
  const auto addresses =
      world.get<ResultOf<u32, u8>>("wasi:sockets/ip-name-lookup", "resolve-addresses", lookup);
  CHECK_EQ(addresses.is_err, 1);
  CHECK_EQ(addresses.err, 1);
}

} // namespace petrel::wasi
