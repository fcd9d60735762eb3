#include "cli/cursor.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <utility>

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/display.h"
#include "cli/lookup.h"
#include "client/src/answer_json.h"
#include "core/base/encoding.h"
#include "io/os/exit_codes.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

std::string cursor_line(const std::string& name, const client::Position& stands) {
  return harmless(name) + "  patient up to " + std::to_string(stands.arrival) + ", urgent up to " +
         std::to_string(stands.arrival_urgent);
}

// In both lanes: up to an arrival number all is done with, and nothing after it.
Result<std::uint64_t> arrival_of(const std::string& word, const client::Cursors& all) {
  if (word == "start") {
    return 0;
  }
  if (word == "end") {
    return all.newest_arrival;
  }
  if (Result<std::uint64_t> number = from_decimal(word); number.has_value()) {
    return number;
  }
  return fail(ErrorCode::kUsage, "'" + word + "' is neither start, nor end, nor an arrival number");
}

// The whole list, page by page.
template <class Take>
void for_each_deferred(client::Client& client, const std::string& cursor, bool quarantined,
                       Take take) {
  client::DeferredQuery query;
  query.quarantined = quarantined;
  while (true) {
    const client::DeferredPage page = client.deferred(cursor, query);
    for (const client::DeferredEntry& entry : page.entries) {
      take(entry);
    }
    if (page.last) {
      return;
    }
    query.after = page.next_after;
  }
}

std::string deferred_line(const client::DeferredEntry& entry) {
  const client::Deferral& deferral = entry.deferral;
  std::string line = inbox_line(entry.notice) + "  (" + std::to_string(deferral.attempts) +
                     (deferral.attempts == 1 ? " attempt, " : " attempts, ");
  line += deferral.quarantined_at ? "quarantined " + text::time_for_people(*deferral.quarantined_at)
                                  : "due " + text::time_for_people(deferral.due_at);
  return line + (deferral.reason.empty() ? "" : ": " + harmless(deferral.reason)) + ")";
}

bool is_listed(const client::Cursors& all, const std::string& name) {
  return std::ranges::find(all.cursors, name, &client::CursorState::name) != all.cursors.end();
}

// To the node a cursor is a name, and one that was never used is one where nothing happened yet. A
// program may have given something back before it first moved its own: then it is not listed.
Result<void> require_cursor(client::Client& client, const std::string& name) {
  const client::Cursors all = client.cursors();
  if (is_listed(all, name)) {
    return {};
  }
  const client::DeferredPage page = client.deferred(name, {.after = 0, .limit = 1});
  if (!page.entries.empty() || !page.last) {
    return {};
  }
  std::set<std::string> names;
  for (const client::CursorState& each : all.cursors) {
    names.insert(each.name);
  }
  return fail(ErrorCode::kNotFound, not_among("cursor", name, names));
}

// What was read along the cursor and done with may be given back as well: it has no attempts yet.
std::vector<client::Notice> notices_of(client::Client& client, const std::string& cursor,
                                       const std::vector<std::string>& names) {
  std::map<std::uint64_t, std::uint32_t> attempts;
  for_each_deferred(client, cursor, false, [&](const client::DeferredEntry& entry) {
    attempts[entry.notice.arrival] = entry.deferral.attempts;
  });
  std::vector<client::Notice> notices;
  for (const std::string& name : names) {
    client::Notice& notice = notices.emplace_back();
    notice.arrival = client.show(name).notice.arrival;
    const auto known = attempts.find(notice.arrival);
    notice.attempts = known == attempts.end() ? 0 : known->second;
  }
  return notices;
}

}  // namespace

Result<int> run_cursor_deferred(const CursorDeferredOptions& options, const Shared& shared) {
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  CHANCERY_TRY_VOID(require_cursor(client, options.name));
  text::Json notices = text::Json::array();
  for_each_deferred(client, options.name, options.quarantined,
                    [&](const client::DeferredEntry& entry) {
                      if (shared.json) {
                        notices.push_back(client::deferred_entry_json(entry));
                      } else {
                        std::cout << deferred_line(entry) << "\n";
                      }
                    });
  if (shared.json) {
    std::cout << json_line({{"notices", std::move(notices)}}) << "\n";
  }
  return os::kExitDone;
}

Result<int> run_cursor_nack(const CursorNackOptions& options, const Shared& shared) {
  client::Nack how;
  CHANCERY_TRY(how.delay, text::parse_duration(options.delay));
  how.attempts_max = options.attempts_max;
  how.quarantine = options.quarantine;
  how.reason = options.reason;
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  CHANCERY_TRY_VOID(require_cursor(client, options.name));
  const std::vector<client::Deferral> given =
      client.nack(options.name, notices_of(client, options.name, options.notices), how);
  if (shared.json) {
    std::cout << json_line(client::deferrals_json(given)) << "\n";
    return os::kExitDone;
  }
  for (const client::Deferral& each : given) {
    std::cout << each.arrival << "  "
              << (each.quarantined_at ? "quarantined" : "due " + text::time_for_people(each.due_at))
              << "\n";
  }
  return os::kExitDone;
}

Result<int> run_cursor_redrive(const CursorRedriveOptions& options, const Shared& shared) {
  if (options.notices.empty() == !options.all) {
    return fail(ErrorCode::kUsage, "which notices? name them, or give --all");
  }
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  CHANCERY_TRY_VOID(require_cursor(client, options.name));
  std::vector<std::uint64_t> arrivals;
  arrivals.reserve(options.notices.size());
  for (const std::string& name : options.notices) {
    arrivals.push_back(client.show(name).notice.arrival);
  }
  const std::uint64_t count =
      options.all ? client.redrive_all(options.name) : client.redrive(options.name, arrivals);
  if (shared.json) {
    std::cout << json_line({{"cursor", options.name}, {"redriven", count}}) << "\n";
  } else {
    std::cout << count << (count == 1 ? " notice comes" : " notices come") << " again\n";
  }
  return os::kExitDone;
}

Result<int> run_cursor_list(const CursorListOptions& /*options*/, const Shared& shared) {
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  const client::Cursors all = client.cursors();
  if (shared.json) {
    std::cout << json_line(client::cursors_json(all)) << "\n";
    return os::kExitDone;
  }
  for (const client::CursorState& each : all.cursors) {
    std::cout << cursor_line(each.name, each.stands) << " of " << all.newest_arrival << "\n";
  }
  return os::kExitDone;
}

Result<int> run_cursor_reset(const CursorResetOptions& options, const Shared& shared) {
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  const client::Cursors all = client.cursors();
  CHANCERY_TRY(const std::uint64_t arrival, arrival_of(options.to, all));
  const bool is_new = !is_listed(all, options.name);
  const client::Position stands = client.reset(options.name, {arrival, arrival});
  if (shared.json) {
    std::cout << json_line({{"cursor", options.name},
                            {"arrival", stands.arrival},
                            {"arrival_urgent", stands.arrival_urgent},
                            {"new", is_new}})
              << "\n";
  } else {
    std::cout << cursor_line(options.name, stands) << (is_new ? "  (new)" : "") << "\n";
  }
  return os::kExitDone;
}

}  // namespace chancery::cli
