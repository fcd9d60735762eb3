// The node's engine: its witness, and what a quorum of witnesses cosigned. Protocol chapter 12.

#include "core/ledger/witness.h"

#include <array>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "io/log/log.h"
#include "node/engine/delays.h"
#include "node/engine/engine.h"

namespace chancery::node {
namespace {

constexpr std::uint64_t kMicrosPerSecond = 1'000'000;

Error older(const std::string& what, const WitnessState& last) {
  return {ErrorCode::kWitnessOlder,
          what + ", and its store knows of " + std::to_string(last.tree.size)};
}

}  // namespace

Result<void> Engine::look_at_rounds() {
  if (link_.phase() == LinkPhase::kAlarm) {
    round_.reset();
    round_result_.reset();
  }
  if (!follower_.directory().founded()) {
    return {};
  }
  if (round_result_.has_value()) {
    CHANCERY_TRY(const bool taken, take_round_result(*round_result_));
    if (taken) {
      round_result_.reset();
    }
  }
  if (round_.has_value()) {
    CHANCERY_TRY(const bool answered, answer_round(*round_));
    if (answered) {
      round_.reset();
    }
  }
  return {};
}

// What stands in the store is believed as little as what a hub sends.
Result<void> Engine::check_witness() {
  if (const std::optional<CosignedNote> stored = std::exchange(cosigned_, std::nullopt);
      stored.has_value()) {
    const Result<CosignedNote> head = judge_head(stored->note, open_head(stored->note));
    if (head.has_value()) {
      set_cosigned(*head);
    } else if (head.error().code != ErrorCode::kGap &&
               error_info(head.error().code).retry != Retry::kFinal) {
      return std::unexpected(head.error());
    } else {
      log::error("record-damaged", {{"part", "cosigned"},
                                    {"detail", head.error().to_string()},
                                    {"remedy", "none: the next head at quorum takes its place"}});
    }
  }
  if (witness_ == nullptr) {
    return {};
  }
  const Hash key_id = witness_->public_key().id();
  CHANCERY_TRY_VOID(store_->name_seen_line(key_id));
  CHANCERY_TRY(const std::uint64_t seen_size, store_->seen_line(key_id));
  const Result<WitnessState> last = store_->witness_state();
  const Result<void> sound =
      last.has_value() ? store_->check_witness() : Result<void>(std::unexpected(last.error()));
  if (!sound.has_value() && sound.error().code != ErrorCode::kStoreDamaged) {
    return std::unexpected(sound.error());
  }
  if (!sound.has_value()) {
    stop_cosigning(sound.error());
  } else if (seen_size > 0) {
    stop_cosigning(older("it cosigned " + std::to_string(seen_size) + " entries", *last));
  }
  return {};
}

void Engine::set_cosigned(CosignedNote head) {
  local_api_.set_cosigned(head.size);
  link_.cosigned(head.size, head.root);
  cosigned_ = std::move(head);
}

void Engine::stop_cosigning(const Error& why) {
  if (!witness_fault_.has_value()) {
    log::error("witness-refuses", {{"error", error_info(why.code).name},
                                   {"detail", why.detail},
                                   {"remedy", error_info(why.code).remedy}});
  }
  witness_fault_ = why;
}

// The name in the directory, and the key that this node has: nothing where the two do not go
// together, since nobody would count such a line.
std::optional<ledger::NoteKey> Engine::witness_key() const {
  const exchange::Directory& directory = follower_.directory();
  const std::string name =
      exchange::witness_name(directory.roster().hub().origin_line(), config_.member);
  const exchange::NodeInfo* const enrolled = exchange::witness_node(directory, name);
  if (witness_ == nullptr || enrolled == nullptr || !enrolled->witness_key.has_value() ||
      *enrolled->witness_key != witness_->public_key()) {
    return std::nullopt;
  }
  return ledger::NoteKey{
      .name = name, .type = ledger::kNoteCosignature, .key = witness_->public_key()};
}

Result<bool> Engine::answer_round(const v1::Round& round) {
  const std::optional<ledger::NoteKey> key = witness_key();
  if (!key.has_value()) {
    refusals_.line(now_.steady, log::Level::kWarn, "round-not-answered", "key",
                   {{"why", "the directory has another witness key for this node, or none"}});
    return true;
  }
  CHANCERY_TRY(const std::optional<WitnessAnswer> given,
               cosign(round.request(), *key, Asker::kHub));
  if (given.has_value()) {
    v1::Answer answer;
    answer.set_round(round.round());
    answer.set_status(given->status);
    answer.set_text(given->text);
    link_.answer(answer);
  }
  return given.has_value();
}

Result<std::optional<WitnessAnswer>> Engine::add_checkpoint(std::string_view request,
                                                            const Now& now) {
  now_ = now;
  const auto not_now = [](std::string_view why) { return std::optional(unavailable_answer(why)); };
  if (disk_.is_full()) {
    return not_now("the disk of this witness is full");
  }
  if (link_.phase() == LinkPhase::kAlarm || link_.phase() == LinkPhase::kForeign) {
    return not_now("this witness does not follow its hub: there is an alarm");
  }
  if (!follower_.directory().founded()) {
    return not_now("this witness has followed nothing yet");
  }
  const std::optional<ledger::NoteKey> key = witness_key();
  if (!key.has_value()) {
    return not_now("the directory has another witness key for this node, or none");
  }
  Result<std::optional<WitnessAnswer>> answer = cosign(request, *key, Asker::kOutsider);
  if (!answer.has_value() && answer.error().code == ErrorCode::kStoreDamaged) {
    return not_now(error_info(answer.error().code).text);
  }
  return answer;
}

Result<std::optional<WitnessAnswer>> Engine::cosign(std::string_view request,
                                                    const ledger::NoteKey& key, Asker asker) {
  if (witness_fault_.has_value()) {
    return std::optional(unavailable_answer(error_info(witness_fault_->code).text));
  }
  CHANCERY_TRY(const WitnessState last, store_->witness_state());
  // The hub's word alone, so it holds until the next start. Who lies so gains no more than by not
  // asking.
  const Result<ledger::AddCheckpoint> asked = ledger::parse_add_checkpoint(request);
  if (asker == Asker::kHub && asked.has_value() && asked->old_size > last.tree.size) {
    stop_cosigning(older(
        "the hub says that it cosigned " + std::to_string(asked->old_size) + " entries", last));
    return cosign(request, key, asker);
  }
  const std::vector<ledger::NoteKey> log_keys = follower_.directory().log_keys();
  CHANCERY_TRY(
      const WitnessDecision decision,
      judge_request(request,
                    {.origin = log_keys.back().name,
                     .log_keys = log_keys,
                     .last = last,
                     .followed_size = follower_.size(),
                     .root_at = [this](std::uint64_t size) { return store_->root_at(size); },
                     .now_s = now_.unix_us / kMicrosPerSecond}));
  if (decision.step == WitnessStep::kWait) {
    return std::optional<WitnessAnswer>();
  }
  if (decision.step == WitnessStep::kCosign) {
    CHANCERY_TRY_VOID(write());
    CHANCERY_TRY_VOID(store_->advance_witness(last, decision.next));
    CHANCERY_TRY(const std::string signature, witness_->sign(as_bytes(decision.message)));
    return std::optional(cosigned_answer(decision, key, as_bytes(signature)));
  }
  if (decision.mismatch.has_value() && asker == Asker::kHub) {
    CHANCERY_TRY_VOID(stop_following(*decision.mismatch, decision.evidence));
  } else if (decision.mismatch.has_value()) {
    refusals_.line(now_.steady, log::Level::kWarn, "another-log-shown", "outsider",
                   {{"detail", decision.mismatch->detail}, {"checkpoint", decision.evidence}});
  }
  return std::optional(decision.answer);
}

Result<exchange::WitnessSet> Engine::witnesses_at(std::uint64_t size) {
  std::optional<exchange::Directory> folded;
  CHANCERY_TRY(const exchange::Directory* const directory, directory_at(size - 1, folded));
  return directory->founded() ? exchange::witnesses_of(*directory) : exchange::WitnessSet();
}

// Of this log.
Result<ledger::SignedCheckpoint> Engine::open_head(const std::string& text) const {
  if (!follower_.directory().founded()) {
    return fail(ErrorCode::kBadCheckpoint, "a head at quorum of an empty log");
  }
  const std::vector<ledger::NoteKey> log_keys = follower_.directory().log_keys();
  Result<ledger::SignedCheckpoint> opened = ledger::open_checkpoint(text, log_keys);
  return opened.has_value() ? std::move(opened)
                            : fail(ErrorCode::kBadCheckpoint, opened.error().to_string());
}

// By those who were its witnesses then and at the head before.
Result<CosignedNote> Engine::judge_head(const std::string& text,
                                        const Result<ledger::SignedCheckpoint>& head) {
  const auto bad = [](const std::string& why) { return fail(ErrorCode::kBadCheckpoint, why); };
  CHANCERY_TRY_VOID(head);
  const ledger::SignedCheckpoint& opened = *head;
  const std::uint64_t size = opened.checkpoint.size;
  if (size == 0 || size > follower_.size()) {
    return bad("a head at quorum of " + std::to_string(size) + " entries");
  }
  CHANCERY_TRY(const std::optional<Hash> root, store_->root_at(size));
  if (root != opened.checkpoint.root) {
    return fail(ErrorCode::kRootMismatch,
                "a quorum has cosigned another root at size " + std::to_string(size));
  }
  std::vector<exchange::WitnessSet> sets;
  CHANCERY_TRY(sets.emplace_back(), witnesses_at(size));
  if (cosigned_.has_value() && cosigned_->size != size) {
    CHANCERY_TRY(const exchange::WitnessSet before, witnesses_at(cosigned_->size));
    if (before != sets.front()) {
      sets.push_back(before);
    }
  }
  const Result<std::optional<std::uint64_t>> time_s = exchange::quorum_time(opened.note, sets);
  if (!time_s.has_value()) {
    return bad(time_s.error().to_string());
  }
  if (!time_s->has_value()) {
    return fail(ErrorCode::kGap, "too few of the witnesses that this node knows cosigned it");
  }
  return CosignedNote{
      .size = size, .time_s = time_s->value_or(0), .note = text, .root = opened.checkpoint.root};
}

Result<bool> Engine::take_round_result(const v1::RoundResult& result) {
  const Result<ledger::SignedCheckpoint> opened = open_head(result.checkpoint());
  if (opened.has_value() && opened->checkpoint.size > follower_.size()) {
    return false;
  }
  if (opened.has_value() && opened->checkpoint.size < cosigned_.value_or(CosignedNote{}).size) {
    return true;  // Late.
  }
  const Result<CosignedNote> head = judge_head(result.checkpoint(), opened);
  if (!head.has_value() && head.error().code == ErrorCode::kRootMismatch) {
    CHANCERY_TRY_VOID(stop_following(head.error(), result.checkpoint()));
    return true;
  }
  const bool misses_one = !head.has_value() && head.error().code == ErrorCode::kGap;
  if (misses_one && now_.steady >= greet_for_heads_at_) {
    // At which the witnesses changed: after a Hello the hub tells those that it kept.
    greet_for_heads_at_ = now_.steady + kGreetForHeadsEvery;
    link_.connected();
  }
  if (misses_one || (!head.has_value() && head.error().code == ErrorCode::kBadCheckpoint)) {
    refusals_.line(now_.steady, log::Level::kWarn, "refused-frame", "round result",
                   {{"error", head.error().to_string()}});
    return true;
  }
  if (!head.has_value()) {
    return std::unexpected(head.error());
  }
  const CosignedNote known = cosigned_.value_or(CosignedNote{});
  if (std::pair(head->size, head->time_s) > std::pair(known.size, known.time_s)) {
    CHANCERY_TRY_VOID(write());
    CHANCERY_TRY_VOID(store_->put_cosigned(*head));
    set_cosigned(*head);
    news_.stages = true;
  }
  return true;
}

// A store that is older than what its witness signed, as after a restore: it must not sign what
// could be another log's beginning. The line proves itself, whatever was followed so far, and is
// remembered: the next head may be without it.
Result<void> Engine::judge_own_line(const std::string& text) {
  const Result<ledger::Note> note = ledger::parse_note(text);
  if (witness_ == nullptr || !note.has_value()) {
    return {};
  }
  const Result<ledger::Checkpoint> checkpoint = ledger::parse_checkpoint_body(note->text);
  if (!checkpoint.has_value()) {
    return {};
  }
  const ledger::NoteKey key{.name = exchange::witness_name(checkpoint->origin, config_.member),
                            .type = ledger::kNoteCosignature,
                            .key = witness_->public_key()};
  const Result<WitnessState> last = store_->witness_state();
  CHANCERY_TRY(const std::uint64_t seen_size, store_->seen_line(witness_->public_key().id()));
  if (checkpoint->size <= seen_size || (last.has_value() && checkpoint->size <= last->tree.size)) {
    return {};
  }
  const Result<std::vector<ledger::Cosignature>> own =
      ledger::verify_cosignatures(*note, std::array{key});
  if (own.has_value() && !own->empty()) {
    CHANCERY_TRY_VOID(last);
    CHANCERY_TRY_VOID(write());
    CHANCERY_TRY_VOID(store_->put_seen_line(witness_->public_key().id(), checkpoint->size));
    stop_cosigning(older("it cosigned " + std::to_string(checkpoint->size) + " entries", *last));
  }
  return {};
}

}  // namespace chancery::node
