#include "broker/metrics.h"

#include <array>

namespace chancery::broker {
namespace {

using daemon::Metric;
using daemon::Reading;
using enum daemon::MetricType;

// Of whom: as in `nodes` of the status.
constexpr std::string_view kNode = "member,node";

constexpr auto kMetrics = std::to_array<Metric>({
    {"build", kInfo, "The version of the program", "version", "version", Reading::kText},
    {"log_entries", kGauge, "Entries of the log", "log.size"},
    {"log_accepted_timestamp_seconds", kGauge, "When the newest batch was logged, since 1970",
     "log.accepted_at_ms", "", Reading::kMilliseconds, "seconds"},
    {"cosigned_entries", kGauge, "Entries of the log that a quorum of witnesses cosigned",
     "cosigned.size"},
    {"cosigned_timestamp_seconds", kGauge, "When a quorum did so last, since 1970",
     "cosigned.time_ms", "", Reading::kMilliseconds, "seconds"},
    {"cosigned_lag_entries", kGauge, "Entries of the log that no quorum has cosigned",
     "cosigned.lag"},
    {"queue_items", kGauge, "What is in a queue", "queues.*.items", "queue"},
    {"queue_items_max", kGauge, "How much a queue holds", "queues.*.items_max", "queue"},
    {"queue_bytes", kGauge, "Bytes in a queue", "queues.*.bytes", "queue", Reading::kNumber,
     "bytes"},
    {"queue_max_bytes", kGauge, "How many bytes a queue holds", "queues.*.bytes_max", "queue",
     Reading::kNumber, "bytes"},
    {"queue_refused", kCounter, "What found no room in a queue", "queues.*.refused", "queue"},
    {"notices_accepted", kCounter, "Notices that were logged", "counters.accepted"},
    {"notices_refused", kCounter, "Notices that were refused", "counters.refused"},
    {"notices_duplicate", kCounter, "Notices that were in the log already", "counters.duplicates"},
    {"commits", kCounter, "Batches that were committed", "counters.commits"},
    {"entries_delivered", kCounter, "Entries sent to nodes", "counters.delivered"},
    {"cpu_seconds", kCounter, "CPU that the loop used for a stage of its work", "cpu_ms.*", "stage",
     Reading::kMilliseconds, "seconds"},
    {"messages_unidentified", kCounter, "Messages without an identity, which were dropped",
     "counters.unidentified"},
    {"messages_unsent", kCounter, "Messages that a peer was too slow for, or gone",
     "counters.unsent"},
    {"reads_damaged", kCounter, "Reads that met a record that does not match its hash",
     "counters.damaged_reads"},
    {"records_restored", kCounter, "Records that nodes gave back whole", "counters.restored"},
    {"handshakes_refused", kCounter, "Connections under a key that is no node's",
     "counters.handshakes_refused"},
    {"handshakes_too_often", kCounter, "Connections over the rate of a node's key",
     "counters.handshakes_too_often"},
    {"connections_over", kCounter, "Connections cut because there were too many",
     "counters.connections_over"},
    {"connections_undelivered", kCounter, "Connections cut because too much of them was unread",
     "counters.connections_undelivered"},
    {"connections_surplus", kCounter, "Connections cut because their key had too many",
     "counters.connections_surplus"},
    {"conflicts", kGauge, "Drafts kept as proof that a notice id was used twice", "conflicts"},
    {"bodies_erased", kGauge, "Bodies erased under the retention rule", "erased"},
    {"records_quarantined", kGauge, "Stored records that fail their hash", "quarantine.count"},
    {"scrub_passes", kCounter, "How often all records were hashed again", "scrub.passes"},
    {"backup_running", kGauge, "Whether a backup is being made", "backup", "", Reading::kPresence},
    {"quota_taken", kCounter, "Notices of a member within its quota", "quotas.*.taken", "member"},
    {"quota_refused", kCounter, "Notices of a member over its quota", "quotas.*.refused", "member"},
    {"disk_free_bytes", kGauge, "Free bytes on the disk of the store", "disk.free_bytes", "",
     Reading::kNumber, "bytes"},
    {"disk_warn_free_bytes", kGauge, "Below it, a warning", "disk.warn_free_bytes", "",
     Reading::kNumber, "bytes"},
    {"disk_level", kGauge, "1 for what the disk allows now", "disk.level", "level", Reading::kState,
     "", "ample,warning,urgent-only,full"},
    {"alarm", kGauge, "Whether the hub admits nothing, for a contradiction", "alarm", "",
     Reading::kPresence},
    {"admission_open", kGauge, "Whether the hub takes what nodes hand in", "admission.open"},
    {"admission_after_seconds", kGauge, "How long after its start a quorum had met the hub",
     "admission.after_ms", "", Reading::kMilliseconds, "seconds"},
    {"node_connected", kGauge, "Whether an enrolled node is connected", "nodes[].connected", kNode},
    {"node_cursor", kGauge, "Up to which index a connected node has stored", "nodes[].cursor",
     kNode},
    {"node_cursor_urgent", kGauge, "The same of the urgent lane", "nodes[].cursor_urgent", kNode},
    {"node_on_the_way_bytes", kGauge, "Bytes sent to a node that it has not stored yet",
     "nodes[].on_the_way", kNode, Reading::kNumber, "bytes"},
    {"node_on_the_way_urgent_bytes", kGauge, "The same of the urgent lane",
     "nodes[].on_the_way_urgent", kNode, Reading::kNumber, "bytes"},
    {"node_pace_bytes", kGauge, "Bytes that may be on the way to a node", "nodes[].pace", kNode,
     Reading::kNumber, "bytes"},
});

std::optional<std::string> not_ready(const text::Json& status) {
  if (const text::Json& alarm = status.at("alarm"); !alarm.is_null()) {
    return "alarm: " + alarm.at("error").get<std::string>();
  }
  if (const text::Json& admission = status.at("admission"); admission.at("open") != true) {
    return "awaiting-quorum: " + std::to_string(admission.at("met").size()) + " of " +
           text::dump(admission.at("needed")) + " members have met the hub since it started";
  }
  if (status.at("disk").at("level") == "full") {
    return "the disk is full: nothing is taken";
  }
  return std::nullopt;
}

}  // namespace

daemon::Vitals::Program vitals_program() {
  return {.table = {.prefix = "chancery_hub_", .metrics = kMetrics}, .not_ready = not_ready};
}

}  // namespace chancery::broker
