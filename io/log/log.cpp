#include "io/log/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <memory>

#include "core/base/code_point.h"
#include "core/base/encoding.h"

namespace chancery::log {
namespace {

struct Names {
  std::string_view lower;
  std::string_view upper;
  spdlog::level::level_enum spdlog_level;
};

constexpr std::array<Names, 4> kLevels = {{
    {"debug", "DEBUG", spdlog::level::debug},
    {"info", "INFO", spdlog::level::info},
    {"warn", "WARN", spdlog::level::warn},
    {"error", "ERROR", spdlog::level::err},
}};

const Names& names(Level level) {
  return kLevels[static_cast<std::size_t>(level)];
}

struct Output {
  std::shared_ptr<spdlog::logger> logger;
  std::string program;
  bool json = false;
  std::function<void(std::string_view line)> sink = {};  // Instead of the logger's.
};

Output make_output(std::string_view program, Level level, bool json) {
  auto logger = std::make_shared<spdlog::logger>("chancery",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  // spdlog adds the time and writes; the rest of the line is ours.
  logger->set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %v",
                      spdlog::pattern_time_type::utc);
  logger->set_level(names(level).spdlog_level);
  return {.logger = std::move(logger), .program = std::string(program), .json = json};
}

Output& output() {
  static Output instance = make_output("chancery", Level::kInfo, false);
  return instance;
}

std::string quoted(std::string_view text) {
  return '"' + escape(text) + '"';
}

// Bare where a reader, or a split at spaces and '=', cannot mistake it.
std::string quoted_if_needed(std::string_view text) {
  const std::string escaped = escape(text);
  const bool bare = !escaped.empty() && escaped.find_first_of(" =\"\\") == std::string::npos;
  return bare ? escaped : '"' + escaped + '"';
}

}  // namespace

std::optional<Level> level_from(std::string_view name) {
  const auto* const found = std::ranges::find(kLevels, name, &Names::lower);
  if (found == kLevels.end()) {
    return std::nullopt;
  }
  return static_cast<Level>(found - kLevels.begin());
}

std::string escape(std::string_view text) {
  std::string_view rest = text;
  std::string out;
  out.reserve(std::min(text.size(), kValueSizeMax) + 16);
  std::size_t taken = 0;
  while (!rest.empty()) {
    const CodePoint point = first_code_point(rest);
    if (taken + point.size > kValueSizeMax) {
      return out + "... (" + std::to_string(text.size()) + " bytes)";
    }
    taken += point.size;
    if (point.is_broken || is_deceptive(point.value)) {
      append_json_escape(out, point.value);
    } else {
      if (point.value == '"' || point.value == '\\') {
        out += '\\';
      }
      out += rest.substr(0, point.size);
    }
    rest.remove_prefix(point.size);
  }
  return out;
}

std::string format_text(Level level, std::string_view event, std::span<const Field> fields) {
  std::string line = std::string(names(level).upper) + ' ' + quoted_if_needed(event);
  for (const Field& field : fields) {
    line += ' ' + quoted_if_needed(field.name) + '=' + quoted_if_needed(field.value);
  }
  return line;
}

std::string format_json(Level level, std::string_view program, std::string_view event,
                        std::span<const Field> fields) {
  std::string line = "\"level\":" + quoted(names(level).upper) + ",\"program\":" + quoted(program) +
                     ",\"event\":" + quoted(event);
  for (const Field& field : fields) {
    line += ',' + quoted(field.name) + ':' +
            (field.literal ? escape(field.value) : quoted(field.value));
  }
  return line;
}

void init(std::string_view program_name, Level level, bool json) {
  output() = make_output(program_name, level, json);
}

void init_sink(std::function<void(std::string_view line)> sink, Level level) {
  output() = make_output({}, level, false);
  output().sink = std::move(sink);
}

void log(Level level, std::string_view event, std::span<const Field> fields) {
  const Output& out = output();
  const auto spdlog_level = names(level).spdlog_level;
  if (!out.logger->should_log(spdlog_level)) {
    return;
  }
  const std::string line =
      out.json ? format_json(level, out.program, event, fields) : format_text(level, event, fields);
  if (out.sink) {
    out.sink(line);
    return;
  }
  // This overload takes the line as it is: a brace in it is no format. It catches what sinks throw.
  out.logger->log(spdlog_level, spdlog::string_view_t(line));
}

}  // namespace chancery::log
