// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast/wast_command.h"

#include <cstdio>

#include "base/format.h"
#include "base/os.h"
#include "base/unicode.h"
#include "cli/wast/executor.h"

namespace petrel::wast {

namespace {

constexpr u64 kScriptLimitBytes = u64{64} << 20;
constexpr usize kTextLimitBytes = 600; // of one failure

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : escaped(text, kTextLimitBytes)) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + "\"";
}

std::string json_report(const std::string& file, const Report& report) {
  std::string out =
      "{\"file\": " + json_string(file) +
      strf(", \"passed\": %u, \"messages\": %u, \"later\": {", report.passed, report.messages);
  const char* comma = "";
  for (const auto& [feature, count] : report.later) {
    out += comma + json_string(feature) + strf(": %u", count);
    comma = ", ";
  }
  out += "}, \"failures\": [";
  comma = "";
  for (const Failure& failure : report.failures) {
    out +=
        comma + strf("{\"line\": %u, \"text\": ", failure.line) + json_string(failure.text) + "}";
    comma = ", ";
  }
  return out + "]}";
}

void print_report(const std::string& file, const Report& report) {
  std::string name = escaped(file, kTextLimitBytes);
  for (const Failure& failure : report.failures) {
    // A file that cannot be read has no line.
    std::printf("%s%s: %s\n", name.c_str(),
                failure.line != 0 ? strf(":%u", failure.line).c_str() : "",
                escaped(failure.text, kTextLimitBytes).c_str());
  }
  std::string later;
  for (const auto& [feature, count] : report.later) {
    later += strf(", %u later (%s)", count, feature.c_str());
  }
  std::printf("%s: %u passed, %zu failed%s\n", name.c_str(), report.passed, report.failures.size(),
              later.c_str());
}

Result<Report> run_file(const std::string& file, BackendFactory factory) {
  TRY_ASSIGN(sys::FileBytes script, sys::read_file(file, kScriptLimitBytes));
  std::unique_ptr<Backend> backend = factory.make(factory.data);
  return run_script(as_text(script.bytes()), *backend);
}

} // namespace

int run_wast_command(std::span<const std::string> files, bool as_json, BackendFactory factory) {
  int exit_code = 0;
  const char* comma = "[";
  for (const std::string& file : files) {
    auto report = run_file(file, factory);
    if (!report) {
      // A script that cannot be read counts as one failure at the place of the error.
      const ErrorInfo info = report.error().info(); // a copy: the assignment below ends the error
      report = Report{};
      report->failures.push_back({info.line, "script: " + info.text});
    }
    exit_code = report->failures.empty() ? exit_code : 1;
    if (as_json) {
      std::printf("%s%s", comma, json_report(file, *report).c_str());
      comma = ",\n ";
    } else {
      print_report(file, *report);
    }
    std::fflush(stdout);
  }
  if (as_json) {
    std::printf("%s]\n", files.empty() ? "[" : "");
  }
  return exit_code;
}

} // namespace petrel::wast
