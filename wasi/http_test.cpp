// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wasi:http as far as it works without a grant: messages as plain data, limits, the refusal.
#include "wasi/http_fields.h"
#include "wasi/preview2_test_world.h"

namespace petrel::wasi {
namespace {

constexpr std::string_view kTypes = "wasi:http/types";

using Outcome = ResultOf<Nothing, Nothing>;

List<u8> bytes_of(std::string_view text) { return {as_bytes(text).data(), text.size()}; }

struct HttpWorld : TestWorld {
  HttpWorld() : TestWorld(config()) {}
  static WasiConfig config() {
    WasiConfig none;
    none.stdin_fd = none.stdout_fd = none.stderr_fd = -1;
    return none;
  }
  u32 fields() { return get_handle(kTypes, "[constructor]fields"); }
  u32 request(u32 headers) {
    return get<u32>(kTypes, "[constructor]outgoing-request", TestSelf{headers});
  }
  HeaderResult append(u32 self, std::string_view name, std::string_view value) {
    return get<HeaderResult>(kTypes, "[method]fields.append",
                             AppendParams{self, String(name), bytes_of(value)});
  }
  std::string append_trap(u32 self, std::string_view name, std::string_view value) {
    HeaderResult result;
    return trap_of(kTypes, "[method]fields.append",
                   AppendParams{self, String(name), bytes_of(value)}, result);
  }
  u64 entries(u32 self) {
    return get<List<NameValue>>(kTypes, "[method]fields.entries", TestSelf{self}).count;
  }
};

constexpr const char* kTooLarge = "http fields exceed 256 fields, 16 KiB in one or 64 KiB in all";

} // namespace

TEST_CASE("http fields: append, get, set, delete, clone") {
  HttpWorld world;
  const u32 fields = world.fields();
  CHECK_EQ(world.append(fields, "Accept", "a").is_err, 0);
  CHECK_EQ(world.append(fields, "accept", "b").is_err, 0);
  const auto values =
      world.get<List<List<u8>>>(kTypes, "[method]fields.get", NameParams{fields, String("ACCEPT")});
  REQUIRE_EQ(values.count, 2);
  CHECK_EQ(std::string(as_text(values.ptr[1].span())), "b");
  const u32 clone = world.get<u32>(kTypes, "[method]fields.clone", TestSelf{fields});
  const List<u8> one = bytes_of("c");
  CHECK_EQ(world
               .get<HeaderResult>(kTypes, "[method]fields.set",
                                  SetParams{fields, String("accept"), {&one, 1}})
               .is_err,
           0);
  CHECK_EQ(world.entries(fields), 1);
  CHECK_EQ(world.entries(clone), 2);
  CHECK_EQ(
      world.get<HeaderResult>(kTypes, "[method]fields.delete", NameParams{fields, String("Accept")})
          .is_err,
      0);
  CHECK_EQ(world.get<u8>(kTypes, "[method]fields.has", NameParams{fields, String("accept")}), 0);
  CHECK_EQ(world.get<u8>(kTypes, "[method]fields.has", NameParams{clone, String("accept")}), 1);
}

TEST_CASE("http fields: syntax and forbidden names, on every way in") {
  HttpWorld world;
  const u32 fields = world.fields();
  for (std::string_view bad : {"", "a b", "a:", "\xc3\xa9"}) {
    const HeaderResult result = world.append(fields, bad, "x");
    CHECK_EQ(result.is_err, 1);
    CHECK_EQ(result.err, HeaderError::invalid_syntax);
  }
  for (std::string_view bad :
       {std::string_view("a\r\nb"), std::string_view("a\0b", 3), std::string_view("\x7f")}) {
    CHECK_EQ(world.append(fields, "x", bad).err, HeaderError::invalid_syntax);
  }
  for (std::string_view name :
       {"Host", "connection", "Transfer-Encoding", "UPGRADE", "http2-settings"}) {
    const HeaderResult result = world.append(fields, name, "x");
    CHECK_EQ(result.is_err, 1);
    CHECK_EQ(result.err, HeaderError::forbidden);
    const NameValue entry{String(name), bytes_of("x")};
    const auto list = world.get<ResultOf<u32, HeaderError>>(kTypes, "[static]fields.from-list",
                                                            FromListParams{{&entry, 1}});
    CHECK_EQ(list.is_err, 1);
    CHECK_EQ(list.err, HeaderError::forbidden);
  }
  CHECK_EQ(world.entries(fields), 0);
}

TEST_CASE("http fields: limits") {
  HttpWorld world;
  const u32 many = world.fields();
  for (int i = 0; i < 256; ++i) {
    CHECK_EQ(world.append(many, "a", "").is_err, 0);
  }
  CHECK_EQ(world.append_trap(many, "a", ""), kTooLarge);
  const u32 large = world.fields();
  const std::string line((16 << 10) - 1, 'x');
  for (int i = 0; i < 4; ++i) {
    CHECK_EQ(world.append(large, "a", line).is_err, 0);
  }
  CHECK_EQ(world.append_trap(large, "a", ""), kTooLarge);
  CHECK_EQ(world.append_trap(world.fields(), "ab", line), kTooLarge);
}

TEST_CASE("http fields: the Store's budget bounds all of them, and comes back") {
  HttpWorld world;
  const std::string line((16 << 10) - 1, 'x');
  std::vector<u32> made;
  std::string trap = "no trap";
  while (made.size() < 2000 && trap == "no trap") {
    made.push_back(world.fields());
    for (int i = 0; i < 4 && trap == "no trap"; ++i) {
      trap = world.append_trap(made.back(), "a", line);
    }
  }
  CHECK_EQ(trap, kTooLarge);
  CHECK_GT(made.size(), 1000); // 64 MiB / 64 KiB, less the fixed part of each entry
  for (u32 id : made) {
    CHECK_EQ(world.resources.remove(id), component::ResourceTable::RemoveStatus::removed);
  }
  CHECK(world.wasi.budget()->charge(kHostBudgetBytes));
}

TEST_CASE("http request: built, then refused") {
  HttpWorld world;
  const u32 headers = world.fields();
  CHECK_EQ(world.append(headers, "content-length", "3").is_err, 0);
  const u32 request = world.request(headers);
  CHECK_EQ(world.resources.get<Fields>(headers), nullptr); // given away

  struct NameOrText {
    u8 name;
    String text;
  };
  struct SetName {
    u32 self;
    NameOrText method;
  };
  struct SetText {
    u32 self;
    OptionOf<String> text;
  };
  auto set_method = [&](u8 name, std::string_view text) {
    return world
        .get<Outcome>(kTypes, "[method]outgoing-request.set-method",
                      SetName{request, {name, String(text)}})
        .is_err;
  };
  CHECK_EQ(set_method(9, "PUR GE"), 1);
  CHECK_EQ(set_method(9, "PURGE"), 0);
  const auto method =
      world.get<NameOrText>(kTypes, "[method]outgoing-request.method", TestSelf{request});
  CHECK_EQ(method.name, 9);
  CHECK_EQ(std::string(method.text.view()), "PURGE");
  auto set_text = [&](std::string_view name, std::string_view text) {
    return world.get<Outcome>(kTypes, name, SetText{request, {1, String(text)}}).is_err;
  };
  CHECK_EQ(set_text("[method]outgoing-request.set-authority", "example.org:80"), 0);
  CHECK_EQ(set_text("[method]outgoing-request.set-authority", "a/b"), 1);
  CHECK_EQ(set_text("[method]outgoing-request.set-path-with-query", "/a?b"), 0);
  CHECK_EQ(set_text("[method]outgoing-request.set-path-with-query", "/a b"), 1);
  CHECK_EQ(set_text("[method]outgoing-request.set-path-with-query", std::string(20'000, 'a')), 1);
  const auto path = world.get<OptionOf<String>>(kTypes, "[method]outgoing-request.path-with-query",
                                                TestSelf{request});
  CHECK_EQ(std::string(path.value.view()), "/a?b");

  struct Handle {
    u32 request;
    OptionOf<u32> options;
  };
  struct Refusal {
    u8 is_err;
    u64 code[6];
  };
  const u32 options = world.get_handle(kTypes, "[constructor]request-options");
  const auto refusal =
      world.get<Refusal>("wasi:http/outgoing-handler", "handle", Handle{request, {1, options}});
  CHECK_EQ(refusal.is_err, 1);
  CHECK_EQ(refusal.code[0] & 0xff, 15); // HTTP-request-denied
  CHECK_EQ(world.resources.find(request), nullptr);
  CHECK_EQ(world.resources.find(options), nullptr);
}

TEST_CASE("http headers of a message are immutable and its children") {
  HttpWorld world;
  const u32 request = world.request(world.fields());
  const u32 headers = world.get<u32>(kTypes, "[method]outgoing-request.headers", TestSelf{request});
  const HeaderResult result = world.append(headers, "a", "b");
  CHECK_EQ(result.is_err, 1);
  CHECK_EQ(result.err, HeaderError::immutable);
  CHECK_EQ(world.resources.remove(request), component::ResourceTable::RemoveStatus::has_children);
  struct Handle {
    u32 request;
    OptionOf<u32> options;
  } handle{request, {}};
  u64 refusal[7];
  CHECK_EQ(world.trap_of("wasi:http/outgoing-handler", "handle", handle, refusal),
           "resource with children given away");
}

TEST_CASE("http body: once, counted, finished after its stream") {
  using HandleResult = ResultOf<u32, Nothing>;
  struct Finish {
    u32 body;
    OptionOf<u32> trailers;
  };
  struct Finished {
    u8 is_err;
    u64 code;
    u64 has_size;
    u64 size;
    u64 rest[3];
  };
  static_assert(sizeof(Finished) == 56);
  HttpWorld world;
  const u32 headers = world.fields();
  world.append(headers, "content-length", "3");
  const u32 request = world.request(headers);
  const auto body =
      world.get<HandleResult>(kTypes, "[method]outgoing-request.body", TestSelf{request});
  CHECK_EQ(body.is_err, 0);
  CHECK_EQ(
      world.get<HandleResult>(kTypes, "[method]outgoing-request.body", TestSelf{request}).is_err,
      1);
  const auto stream =
      world.get<HandleResult>(kTypes, "[method]outgoing-body.write", TestSelf{body.ok});
  CHECK_EQ(stream.is_err, 0);
  CHECK_EQ(world.get<HandleResult>(kTypes, "[method]outgoing-body.write", TestSelf{body.ok}).is_err,
           1);
  world.get<TestDone>("wasi:io/streams", "[method]output-stream.blocking-write-and-flush",
                      TestContents{stream.ok, bytes_of("ab")});
  Finished finished{};
  CHECK_EQ(world.trap_of(kTypes, "[static]outgoing-body.finish", Finish{body.ok, {}}, finished),
           "resource with children given away");
  world.resources.remove(stream.ok);
  finished = world.get<Finished>(kTypes, "[static]outgoing-body.finish", Finish{body.ok, {}});
  CHECK_EQ(finished.is_err, 1);
  CHECK_EQ(finished.code & 0xff, 17); // HTTP-request-body-size
  CHECK_EQ(finished.has_size & 0xff, 1);
  CHECK_EQ(finished.size, 2);
}

} // namespace petrel::wasi
