// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wasi:http: handlers of wasi/http.def. A guest can build messages as plain data; sending one answers
// HTTP-request-denied, so neither responses nor incoming bodies exist. What is written to a body is counted and
// dropped, because no message ever leaves.
#include <algorithm>

#include "wasi/host_table.h"
#include "wasi/http_fields.h"
#include "wasi/streams.h"

namespace petrel::wasi {

namespace {

using Outcome = ResultOf<Nothing, Nothing>;

constexpr u64 kMaxUriPartBytes = u64{16} << 10;

void answer(bool ok, Outcome& result) { result.is_err = ok ? 0 : 1; }

// ---- error-code ----

struct FieldSize {
  OptionOf<String> name;
  OptionOf<u32> size;
};

/// variant error-code: the cases in use here, and the widest.
struct HttpError {
  static constexpr u8 kRequestDenied = 15;
  static constexpr u8 kRequestBodySize = 17;
  u8 code = 0;
  union {
    OptionOf<FieldSize> widest;
    OptionOf<u64> body_size;
  };
  HttpError() : widest() {}
};

struct ErrorParams {
  u32 err;
};

/// No stream of a message that was sent exists, so no error comes from one.
bool http_error_code(HostCall& call, const ErrorParams& params, OptionOf<HttpError>& result) {
  result.is_some = 0;
  return find_resource<IoError>(call, params.err) != nullptr;
}

// ---- method, scheme, parts of the URI ----

/// variant method and variant scheme: the last case has a text.
struct NameOrText {
  u8 name = 0;
  String text;
};
constexpr u8 kOtherMethod = 9;
constexpr u8 kOtherScheme = 2;

bool is_scheme(std::string_view text) {
  const auto is_alpha = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && is_alpha(text[0]) && std::ranges::all_of(text, [&](char c) {
    return is_alpha(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

bool is_printable(std::string_view text, std::string_view without) {
  return std::ranges::all_of(text,
                             [&](char c) { return c > 0x20 && c < 0x7f && !without.contains(c); });
}
bool is_path(std::string_view text) { return is_printable(text, "#\"<>"); }
bool is_authority(std::string_view text) {
  return !text.empty() && is_printable(text, "/?#\"<>\\^`{|}");
}

/// A text of a request, or none.
class OptionalText {
public:
  OptionOf<String> get() const {
    OptionOf<String> option;
    if (value_) {
      option.set(String(*value_));
    }
    return option;
  }
  u64 size_bytes() const { return value_ ? value_->size() : 0; }
  void set(std::optional<std::string_view> value) {
    value_ = value ? std::optional(std::string(*value)) : std::nullopt;
  }

private:
  std::optional<std::string> value_;
};

// ---- bodies ----

class OutgoingBody final : public component::HostResourceOf<OutgoingBody> {
public:
  explicit OutgoingBody(const FieldList& headers) {
    for (const FieldList::Field& field : headers.fields()) {
      if (equal_ignoring_case(field.name, "content-length")) {
        expected_bytes_ = parse_u64(field.value);
      }
    }
  }
  bool take_stream() { return !std::exchange(stream_taken_, true); }
  void count(u64 size_bytes) { written_bytes_ += size_bytes; }
  u64 written_bytes() const { return written_bytes_; }
  bool is_as_declared() const { return !expected_bytes_ || *expected_bytes_ == written_bytes_; }

private:
  static std::optional<u64> parse_u64(std::string_view text) {
    u64 value = 0;
    for (char c : text) {
      if (c < '0' || c > '9' || __builtin_mul_overflow(value, u64{10}, &value) ||
          __builtin_add_overflow(value, static_cast<u64>(c - '0'), &value)) {
        return std::nullopt;
      }
    }
    return text.empty() ? std::nullopt : std::optional(value);
  }

  std::optional<u64> expected_bytes_;
  u64 written_bytes_ = 0;
  bool stream_taken_ = false;
};

/// The stream of an outgoing body; its child.
class BodyOutput final : public OutputStream {
public:
  explicit BodyOutput(OutgoingBody& body) : body_(body) {}

private:
  IoResult write_all(runtime::Store&, Bytes bytes) override {
    body_.count(bytes.size());
    return bytes.size();
  }
  Interest open_interest() const override { return {}; }

  OutgoingBody& body_;
};

using HandleResult = ResultOf<u32, Nothing>;

bool outgoing_body_write(HostCall& call, const SelfParams& params, HandleResult& result) {
  OutgoingBody* self = find_resource<OutgoingBody>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  result.is_err = self->take_stream() ? 0 : 1;
  return result.is_err != 0 ||
         push_resource(call, std::make_unique<BodyOutput>(*self), result.ok, params.self);
}

/// Takes an object that a guest gave away. False with a trap while children of it live.
bool consume(HostCall& call, u32 id) {
  return call.resources.take(id) != nullptr ||
         call.trap(ir::TrapCode::unknown_handle, "resource with children given away");
}

struct FinishParams {
  u32 body;
  OptionOf<u32> trailers;
};

bool outgoing_body_finish(HostCall& call, const FinishParams& params,
                          ResultOf<Nothing, HttpError>& result) {
  const OutgoingBody* body = find_resource<OutgoingBody>(call, params.body);
  if (body == nullptr) {
    return false;
  }
  result.set_ok({});
  if (!body->is_as_declared()) {
    HttpError error;
    error.code = HttpError::kRequestBodySize;
    error.body_size = {1, body->written_bytes()};
    result.set_err(error);
  }
  return consume(call, params.body) &&
         (params.trailers.is_some == 0 || consume(call, params.trailers.value));
}

// ---- messages ----

/// What requests and responses share.
class Message {
public:
  explicit Message(std::shared_ptr<FieldList> headers) : headers_(std::move(headers)) {}
  const std::shared_ptr<FieldList>& headers() const { return headers_; }
  bool take_body() { return !std::exchange(body_taken_, true); }

private:
  std::shared_ptr<FieldList> headers_;
  bool body_taken_ = false;
};

class OutgoingRequest final : public component::HostResourceOf<OutgoingRequest>, public Message {
public:
  OutgoingRequest(std::shared_ptr<FieldList> headers, std::shared_ptr<HostBudget> budget)
      : Message(std::move(headers)), charge_(std::move(budget)) {}

  u8 method = 0;
  OptionOf<u8> scheme;
  OptionalText method_text;
  OptionalText scheme_text;
  OptionalText path;
  OptionalText authority;

  /// Sets one of the texts; false: too long, or over the Store's limit.
  bool set(OptionalText& text, std::optional<std::string_view> value) {
    const u64 others = method_text.size_bytes() + scheme_text.size_bytes() + path.size_bytes() +
                       authority.size_bytes() - text.size_bytes();
    const u64 size_bytes = value ? value->size() : 0;
    if (size_bytes > kMaxUriPartBytes || !charge_.set(others + size_bytes)) {
      return false;
    }
    text.set(value);
    return true;
  }

private:
  HostCharge charge_;
};

class OutgoingResponse final : public component::HostResourceOf<OutgoingResponse>, public Message {
public:
  explicit OutgoingResponse(std::shared_ptr<FieldList> headers) : Message(std::move(headers)) {}
  u16 status_code = 200;
};

struct HeadersParams {
  u32 headers;
};

/// Takes fields that a message is made with; nullptr: trap.
std::shared_ptr<FieldList> take_fields(HostCall& call, u32 id) {
  const Fields* fields = find_resource<Fields>(call, id);
  std::shared_ptr<FieldList> list = fields != nullptr ? fields->share() : nullptr;
  return list != nullptr && consume(call, id) ? list : nullptr;
}

bool new_outgoing_request(HostCall& call, const HeadersParams& params, u32& result) {
  auto headers = take_fields(call, params.headers);
  return headers != nullptr && push_resource(call,
                                             std::make_unique<OutgoingRequest>(
                                                 std::move(headers), Preview2::of(call).budget()),
                                             result);
}

bool new_outgoing_response(HostCall& call, const HeadersParams& params, u32& result) {
  auto headers = take_fields(call, params.headers);
  return headers != nullptr &&
         push_resource(call, std::make_unique<OutgoingResponse>(std::move(headers)), result);
}

template <typename Kind>
bool message_headers(HostCall& call, const SelfParams& params, u32& result) {
  const Kind* self = find_resource<Kind>(call, params.self);
  return self != nullptr &&
         push_resource(call, std::make_unique<Fields>(self->headers(), true), result, params.self);
}
constexpr auto outgoing_request_headers = message_headers<OutgoingRequest>;
constexpr auto outgoing_response_headers = message_headers<OutgoingResponse>;

template <typename Kind>
bool message_body(HostCall& call, const SelfParams& params, HandleResult& result) {
  Kind* self = find_resource<Kind>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  result.is_err = self->take_body() ? 0 : 1;
  return result.is_err != 0 ||
         push_resource(call, std::make_unique<OutgoingBody>(*self->headers()), result.ok);
}
constexpr auto outgoing_request_body = message_body<OutgoingRequest>;
constexpr auto outgoing_response_body = message_body<OutgoingResponse>;

bool outgoing_request_method(HostCall& call, const SelfParams& params, NameOrText& result) {
  const OutgoingRequest* self = find_resource<OutgoingRequest>(call, params.self);
  if (self != nullptr) {
    result = {self->method, self->method_text.get().value};
  }
  return self != nullptr;
}

struct SetMethodParams {
  u32 self;
  NameOrText method;
};

bool outgoing_request_set_method(HostCall& call, const SetMethodParams& params, Outcome& result) {
  OutgoingRequest* self = find_resource<OutgoingRequest>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  const bool is_other = params.method.name == kOtherMethod;
  const std::string_view text = is_other ? params.method.text.view() : std::string_view();
  const bool ok = (!is_other || is_http_token(text)) && self->set(self->method_text, text);
  self->method = ok ? params.method.name : self->method;
  answer(ok, result);
  return true;
}

bool outgoing_request_scheme(HostCall& call, const SelfParams& params,
                             OptionOf<NameOrText>& result) {
  const OutgoingRequest* self = find_resource<OutgoingRequest>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  result.is_some = self->scheme.is_some;
  result.value = {self->scheme.value, self->scheme_text.get().value};
  return true;
}

struct SetSchemeParams {
  u32 self;
  OptionOf<NameOrText> scheme;
};

bool outgoing_request_set_scheme(HostCall& call, const SetSchemeParams& params, Outcome& result) {
  OutgoingRequest* self = find_resource<OutgoingRequest>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  const bool is_other = params.scheme.is_some != 0 && params.scheme.value.name == kOtherScheme;
  const std::string_view text = is_other ? params.scheme.value.text.view() : std::string_view();
  const bool ok = (!is_other || is_scheme(text)) && self->set(self->scheme_text, text);
  if (ok) {
    self->scheme = {params.scheme.is_some,
                    params.scheme.is_some != 0 ? params.scheme.value.name : u8{0}};
  }
  answer(ok, result);
  return true;
}

template <OptionalText OutgoingRequest::* kPart>
bool get_part(HostCall& call, const SelfParams& params, OptionOf<String>& result) {
  const OutgoingRequest* self = find_resource<OutgoingRequest>(call, params.self);
  if (self != nullptr) {
    result = (self->*kPart).get();
  }
  return self != nullptr;
}
constexpr auto outgoing_request_path_with_query = get_part<&OutgoingRequest::path>;
constexpr auto outgoing_request_authority = get_part<&OutgoingRequest::authority>;

struct SetPartParams {
  u32 self;
  OptionOf<String> value;
};

template <OptionalText OutgoingRequest::* kPart, bool (*kIsValid)(std::string_view)>
bool set_part(HostCall& call, const SetPartParams& params, Outcome& result) {
  OutgoingRequest* self = find_resource<OutgoingRequest>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  std::optional<std::string_view> value;
  if (params.value.is_some != 0) {
    value = params.value.value.view();
  }
  answer((!value || kIsValid(*value)) && self->set(self->*kPart, value), result);
  return true;
}
constexpr auto outgoing_request_set_path_with_query = set_part<&OutgoingRequest::path, is_path>;
constexpr auto outgoing_request_set_authority = set_part<&OutgoingRequest::authority, is_authority>;

bool outgoing_response_status_code(HostCall& call, const SelfParams& params, u16& result) {
  const OutgoingResponse* self = find_resource<OutgoingResponse>(call, params.self);
  result = self != nullptr ? self->status_code : u16{0};
  return self != nullptr;
}

struct SetStatusCodeParams {
  u32 self;
  u16 status_code;
};

bool outgoing_response_set_status_code(HostCall& call, const SetStatusCodeParams& params,
                                       Outcome& result) {
  OutgoingResponse* self = find_resource<OutgoingResponse>(call, params.self);
  if (self == nullptr) {
    return false;
  }
  const bool ok = params.status_code >= 100 && params.status_code <= 999;
  self->status_code = ok ? params.status_code : self->status_code;
  answer(ok, result);
  return true;
}

// ---- options ----

class RequestOptions final : public component::HostResourceOf<RequestOptions> {
public:
  OptionOf<u64> connect_ns;
  OptionOf<u64> first_byte_ns;
  OptionOf<u64> between_bytes_ns;
};

bool new_request_options(HostCall& call, const Nothing&, u32& result) {
  return push_resource(call, std::make_unique<RequestOptions>(), result);
}

template <OptionOf<u64> RequestOptions::* kTimeout>
bool get_timeout(HostCall& call, const SelfParams& params, OptionOf<u64>& result) {
  const RequestOptions* self = find_resource<RequestOptions>(call, params.self);
  if (self != nullptr) {
    result = self->*kTimeout;
  }
  return self != nullptr;
}
constexpr auto request_options_connect_timeout = get_timeout<&RequestOptions::connect_ns>;
constexpr auto request_options_first_byte_timeout = get_timeout<&RequestOptions::first_byte_ns>;
constexpr auto request_options_between_bytes_timeout =
    get_timeout<&RequestOptions::between_bytes_ns>;

struct SetTimeoutParams {
  u32 self;
  OptionOf<u64> duration;
};

template <OptionOf<u64> RequestOptions::* kTimeout>
bool set_timeout(HostCall& call, const SetTimeoutParams& params, Outcome& result) {
  RequestOptions* self = find_resource<RequestOptions>(call, params.self);
  if (self != nullptr) {
    self->*kTimeout = params.duration;
    answer(true, result);
  }
  return self != nullptr;
}
constexpr auto request_options_set_connect_timeout = set_timeout<&RequestOptions::connect_ns>;
constexpr auto request_options_set_first_byte_timeout = set_timeout<&RequestOptions::first_byte_ns>;
constexpr auto request_options_set_between_bytes_timeout =
    set_timeout<&RequestOptions::between_bytes_ns>;

// ---- outgoing-handler ----

struct HandleParams {
  u32 request;
  OptionOf<u32> options;
};

bool handle_outgoing(HostCall& call, const HandleParams& params, ResultOf<u32, HttpError>& result) {
  if (find_resource<OutgoingRequest>(call, params.request) == nullptr ||
      !consume(call, params.request) ||
      (params.options.is_some != 0 && !consume(call, params.options.value))) {
    return false;
  }
  HttpError error;
  error.code = HttpError::kRequestDenied;
  result.set_err(error);
  return true;
}

#define PETREL_WASI_TABLE "wasi/http.def"
#include "wasi/host_table.inc"
#undef PETREL_WASI_TABLE

} // namespace

std::span<const HostInterface> http_interfaces() { return kInterfaces; }

} // namespace petrel::wasi
