#include "node/metrics.h"

#include <array>
#include <cstdint>

namespace chancery::node {
namespace {

using daemon::Metric;
using daemon::Reading;
using enum daemon::MetricType;

constexpr auto kMetrics = std::to_array<Metric>({
    {"build", kInfo, "The version of the program", "version", "version", Reading::kText},
    {"enrolled", kGauge, "Whether the directory has this node as active", "enrolled"},
    {"hub_link", kGauge, "1 for how the link to the hub is", "hub.link", "state", Reading::kState,
     "", "down,greeting,up,alarm"},
    {"hub_log_entries", kGauge, "Entries of the log, as the hub says", "hub.size"},
    {"hub_damaged_entries", kGauge, "Entries that the hub has not got whole and this node lacks",
     "hub.damaged", "", Reading::kLength},
    {"hub_pace_bytes", kGauge, "Bytes that may be submitted and unanswered", "hub.pace", "",
     Reading::kNumber, "bytes"},
    {"log_entries", kGauge, "Entries of the log that were verified", "log.size"},
    {"log_accepted_timestamp_seconds", kGauge, "When the newest batch was logged, since 1970",
     "log.accepted_at_ms", "", Reading::kMilliseconds, "seconds"},
    {"cosigned_entries", kGauge, "Entries of the log that a quorum of witnesses cosigned",
     "cosigned.size"},
    {"cosigned_timestamp_seconds", kGauge, "When a quorum did so last, since 1970",
     "cosigned.time_ms", "", Reading::kMilliseconds, "seconds"},
    {"witness_entries", kGauge, "Entries of the log that this node's witness cosigned last",
     "witness.size"},
    {"pair_stated_entries", kGauge, "Up to which size of the log a peer was told what was counted",
     "pairs.*.stated", "peer"},
    {"pair_compared_entries", kGauge, "Up to which size a peer's statement was compared",
     "pairs.*.compared", "peer"},
    {"disputes", kGauge, "Peers that count otherwise than this node", "disputes", "",
     Reading::kLength},
    {"overdue", kGauge, "Sorts of things that should have come by now", "overdue", "",
     Reading::kLength},
    {"hooks_told", kCounter, "Events that a hook was told", "hooks.*.told", "hook"},
    {"hooks_failed", kCounter, "Attempts to tell a hook that failed", "hooks.*.failed", "hook"},
    {"hooks_waiting", kGauge, "Events that a hook is still to be told", "hooks.*.waiting", "hook"},
    {"cursor", kGauge, "Up to which index everything delivered is stored", "cursor"},
    {"cursor_urgent", kGauge, "The same of the urgent lane", "cursor_urgent"},
    {"outbox_notices", kGauge, "Own notices by state", "outbox.*", "state"},
    {"inbox_notices", kGauge, "Deliveries by judgement", "inbox.*", "judgement"},
    {"given_back_notices", kGauge, "Notices that applications gave back, by what they wait for",
     "given_back.*", "state"},
    {"queue_items", kGauge, "What is in a queue", "queues.*.items", "queue"},
    {"queue_items_max", kGauge, "How much a queue holds", "queues.*.items_max", "queue"},
    {"queue_bytes", kGauge, "Bytes in a queue", "queues.*.bytes", "queue", Reading::kNumber,
     "bytes"},
    {"queue_max_bytes", kGauge, "How many bytes a queue holds", "queues.*.bytes_max", "queue",
     Reading::kNumber, "bytes"},
    {"queue_refused", kCounter, "What found no room in a queue", "queues.*.refused", "queue"},
    {"records_quarantined", kGauge, "Stored records that fail their hash", "quarantine.count"},
    {"scrub_passes", kCounter, "How often all records were hashed again", "scrub.passes"},
    {"backup_running", kGauge, "Whether a backup is being made", "backup", "", Reading::kPresence},
    {"quota_refused", kCounter, "Notices of an application over its rate", "quotas.*.refused",
     "application"},
    {"disk_free_bytes", kGauge, "Free bytes on the disk of the store", "disk.free_bytes", "",
     Reading::kNumber, "bytes"},
    {"disk_warn_free_bytes", kGauge, "Below it, a warning", "disk.warn_free_bytes", "",
     Reading::kNumber, "bytes"},
    {"disk_level", kGauge, "1 for what the disk allows now", "disk.level", "level", Reading::kState,
     "", "ample,warning,urgent-only,full"},
    {"alarm", kGauge, "Whether the node trusts its hub no more", "alarm", "", Reading::kPresence},
});

std::optional<std::string> not_ready(const text::Json& status) {
  if (const text::Json& alarm = status.at("alarm"); !alarm.is_null()) {
    return "alarm: " + alarm.at("error").get<std::string>();
  }
  if (status.at("disk").at("level") == "full") {
    return "the disk is full: nothing is taken";
  }
  const text::Json& hub = status.at("hub");
  if (hub.at("link") != "up") {
    return "the link to the hub is " + hub.at("link").get<std::string>();
  }
  if (status.at("enrolled") != true) {
    return "the directory does not list this node as active";
  }
  const auto own = status.at("log").at("size").get<std::uint64_t>();
  const auto whole = hub.at("size").get<std::uint64_t>();
  if (whole > own + kBehindMax) {
    return "catching up: " + std::to_string(own) + " of " + std::to_string(whole) + " entries";
  }
  return std::nullopt;
}

}  // namespace

daemon::Vitals::Program vitals_program() {
  return {.table = {.prefix = "chancery_node_", .metrics = kMetrics}, .not_ready = not_ready};
}

}  // namespace chancery::node
