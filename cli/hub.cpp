#include "cli/hub.h"

#include <algorithm>
#include <iostream>
#include <string>

#include "cli/display.h"
#include "core/base/encoding.h"
#include "io/os/exit_codes.h"
#include "io/text/json.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kWordsWidth = 28;

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 2, width), ' ');
  return text;
}

// A member with its own part of what the hub says of nodes and quotas.
text::Json member_json(const text::Json& member, const text::Json& status) {
  const text::Json& code = member.at("code");
  text::Json item{{"code", code}, {"name", member.at("name")}, {"nodes", text::Json::array()}};
  for (const text::Json& node : status.at("nodes")) {
    if (node.at("member") == code) {
      item["nodes"].push_back(node);
      item["nodes"].back().erase("member");
    }
  }
  item["connected"] = std::ranges::any_of(
      item["nodes"], [](const text::Json& node) { return node.at("connected") == true; });
  const text::Json& quotas = status.at("quotas");
  const auto quota = quotas.find(code.get<std::string>());
  for (const char* const counted : {"taken", "refused"}) {
    item[counted] = quota == quotas.end() ? text::Json(0) : quota->at(counted);
  }
  return item;
}

std::string node_words(const text::Json& node) {
  if (node.at("connected") != true) {
    return "away";
  }
  return "stored up to " + text::dump(node.at("cursor")) + ", urgent up to " +
         text::dump(node.at("cursor_urgent")) + "  " +
         harmless(node.at("program").get<std::string>());
}

void print_member(const text::Json& member) {
  const std::string head = padded(harmless(member.at("code").get<std::string>()), 6) +
                           padded(harmless(member.at("name").get<std::string>()), kWordsWidth);
  if (member.at("nodes").empty()) {
    std::cout << head << "no node\n";
  }
  for (const text::Json& node : member.at("nodes")) {
    std::cout << head << node.at("node").get<std::string>().substr(0, 8) << "  " << node_words(node)
              << "\n";
  }
}

}  // namespace

Result<int> run_hub_members(const DaemonOptions& options, const Shared& shared) {
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options, shared));
  CHANCERY_TRY(const std::string said, ask_status(target));
  CHANCERY_TRY(const text::Json status, text::parse_json(said, kStatusDepthMax));
  text::Json members = text::Json::array();
  for (const text::Json& member : status.at("members")) {
    members.push_back(member_json(member, status));
  }
  if (shared.json) {
    std::cout << json_line({{"size", status.at("log").at("size")}, {"members", members}}) << "\n";
    return os::kExitDone;
  }
  std::cout << "log of " << text::dump(status.at("log").at("size")) << " entries\n";
  std::ranges::for_each(members, print_member);
  return os::kExitDone;
}

Result<int> run_hub_drain(const DaemonOptions& options, const Shared& shared) {
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options, shared));
  CHANCERY_TRY(const v1::DrainReply drained, ask_drain(target));
  const std::string root = hex(as_bytes(drained.root()));
  if (shared.json) {
    std::cout << json_line({{"size", drained.size()}, {"root", root}}) << "\n";
    return os::kExitDone;
  }
  std::cout << "drained: what nodes had sent is in the log and answered, and the hub ends\n"
            << "  log         " << drained.size() << " entries\n"
            << "  root        " << root << "\n";
  return os::kExitDone;
}

}  // namespace chancery::cli
