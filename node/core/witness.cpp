#include "node/core/witness.h"

#include <utility>

#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/tree.h"

namespace chancery::node {
namespace {

using ledger::WitnessStatus;

constexpr std::uint32_t kUnavailable = 503;

}  // namespace

Result<WitnessDecision> judge_request(std::string_view request, const WitnessView& view) {
  WitnessDecision decision;
  const auto refuse = [&](std::uint32_t status, const std::string& text) {
    decision.step = WitnessStep::kRefuse;
    decision.answer = {.status = status, .text = text};
  };
  const ledger::WitnessVerdict verdict =
      ledger::judge_add_checkpoint(request, view.origin, view.log_keys, view.last.tree);
  if (!verdict.is_ok()) {
    refuse(std::to_underlying(verdict.status), verdict.text);
  }
  if (!verdict.checkpoint.has_value()) {
    return decision;
  }
  // The log signed it: whatever its proof is worth, it has to be of the log that was followed.
  const ledger::Checkpoint& checkpoint = verdict.checkpoint->checkpoint;
  if (checkpoint.size > view.followed_size) {
    if (verdict.is_ok()) {
      decision.step = WitnessStep::kWait;
    }
    return decision;
  }
  std::optional<Hash> root = ledger::tree_root({});
  if (checkpoint.size > 0) {
    CHANCERY_TRY(root, view.root_at(checkpoint.size));
  }
  if (root != checkpoint.root) {
    const std::string size = std::to_string(checkpoint.size);
    refuse(std::to_underlying(WitnessStatus::kNotConsistent), "another log was followed here\n");
    decision.mismatch = Error{ErrorCode::kRootMismatch,
                              root.has_value() ? "the hub has signed another root at size " + size
                                               : "the hub has signed a root at size " + size +
                                                     ", where no batch of its log ended"};
    decision.evidence = ledger::format_note(verdict.checkpoint->note);
    return decision;
  }
  if (!verdict.is_ok()) {
    return decision;
  }
  if (view.now_s < view.last.time_s) {
    refuse(kUnavailable, "the clock of this witness is behind its last cosignature\n");
    return decision;
  }
  decision.step = WitnessStep::kCosign;
  decision.answer.status = std::to_underlying(WitnessStatus::kOk);
  decision.next = {.tree = verdict.next(), .time_s = view.now_s};
  decision.message = ledger::cosignature_message(view.now_s, verdict.checkpoint->note.text);
  return decision;
}

WitnessAnswer unavailable_answer(std::string_view why) {
  return {.status = kUnavailable, .text = std::string(why) + "\n"};
}

WitnessAnswer cosigned_answer(const WitnessDecision& decision, const ledger::NoteKey& witness,
                              Bytes signature) {
  return {.status = decision.answer.status,
          .text = ledger::cosignature_line(witness, decision.next.time_s, signature)};
}

}  // namespace chancery::node
