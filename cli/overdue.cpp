#include "cli/overdue.h"

#include <algorithm>
#include <chrono>
#include <iostream>

#include "cli/display.h"
#include "client/src/convert.h"
#include "client/src/notice_json.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/text/json.h"
#include "io/text/times.h"
#include "node/core/overdue.h"

namespace chancery::cli {
namespace {

constexpr std::size_t kOverdueDigits = 12;  // Of an N.

std::string owing_text(const v1::OverdueItem& item) {
  std::string all;
  for (const std::string& member : item.members()) {
    all.append(all.empty() ? "" : ",").append(member);
  }
  return all.empty() ? "hub" : all;
}

// "3d 4h", "12 min": the two largest units.
std::string late_by(std::uint64_t due_at_ms, client::Time now) {
  const std::uint64_t now_ms = client::ms_from(now);
  const std::uint64_t minutes = now_ms > due_at_ms ? (now_ms - due_at_ms) / 60'000 : 0;
  constexpr std::uint64_t kHourMinutes = 60;
  constexpr std::uint64_t kDayMinutes = 24 * kHourMinutes;
  if (minutes < kHourMinutes) {
    return std::to_string(minutes) + " min";
  }
  if (minutes < 2 * kDayMinutes) {
    return std::to_string(minutes / kHourMinutes) + " h " + std::to_string(minutes % kHourMinutes) +
           " min";
  }
  return std::to_string(minutes / kDayMinutes) + " d " +
         std::to_string(minutes % kDayMinutes / kHourMinutes) + " h";
}

Result<text::Json> as_json(const v1::OverdueReply& reply) {
  text::Json items = text::Json::array();
  for (const v1::OverdueItem& item : reply.items()) {
    text::Json notice(nullptr);
    if (item.has_item()) {
      CHANCERY_TRY(const client::Notice read, client::notice_from(item.item()));
      notice = client::notice_json(read);
    }
    items.push_back({{"sort", item.sort()},
                     {"members", item.members()},
                     {"urgent", item.urgent()},
                     {"since_ms", item.since_ms()},
                     {"due_at_ms", item.due_at_ms()},
                     {"detail", item.detail()},
                     {"notice", std::move(notice)}});
  }
  return text::Json{{"overdue", std::move(items)}, {"more", reply.more()}};
}

}  // namespace

Result<std::string> overdue_text(const v1::OverdueReply& reply, client::Time now) {
  std::string out;
  for (const v1::OverdueItem& item : reply.items()) {
    std::string line = (item.urgent() ? "URGENT  " : "        ") + item.sort() + "  " +
                       owing_text(item) + "  late by " + late_by(item.due_at_ms(), now) + "  ";
    if (item.has_item()) {
      CHANCERY_TRY(const client::Notice notice, client::notice_from(item.item()));
      line += notice.origin + "  " + notice.kind + "  " + notice.notice.substr(0, kOverdueDigits) +
              "  " + notice.subject;
    } else {
      line += item.detail();
    }
    out += harmless(line) + "\n";
  }
  return out;
}

Result<int> run_overdue(const OverdueOptions& options, const Shared& shared) {
  v1::OverdueRequest request;
  for (const std::string& sort : options.sorts) {
    if (std::ranges::find(node::kOverdueSorts, sort) == node::kOverdueSorts.end()) {
      return fail(ErrorCode::kUsage,
                  "what is overdue is logged, delivered, acknowledged or cosigned");
    }
    request.add_sorts(sort);
  }
  request.set_member(options.member);
  request.set_limit(options.limit);
  CHANCERY_TRY(const DaemonTarget target, find_daemon(options.daemon, shared));
  if (target.is_hub) {
    return fail(ErrorCode::kUsage, "a member's node knows what it waits for, the hub does not");
  }
  CHANCERY_TRY(const v1::OverdueReply reply, ask_overdue(target, request));
  if (shared.json) {
    CHANCERY_TRY(const text::Json json, as_json(reply));
    std::cout << json_line(json) << "\n";
  } else {
    CHANCERY_TRY(const std::string text, overdue_text(reply, os::time_now()));
    std::cout << (text.empty() ? "nothing is overdue\n" : text);
    if (reply.more()) {
      std::cerr << "there is more: --limit\n";
    }
  }
  return options.check && reply.items_size() > 0 ? os::kExitFalse : os::kExitDone;
}

}  // namespace chancery::cli
