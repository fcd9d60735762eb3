#include "broker/core/rounds.h"

#include <algorithm>
#include <ranges>
#include <span>
#include <utility>

#include "core/base/encoding.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/witness.h"

namespace chancery::broker {
namespace {

std::size_t count_there(const exchange::WitnessSet& set, const Rounds::IsThere& is_there) {
  return static_cast<std::size_t>(
      std::ranges::count_if(set.keys, is_there, &ledger::NoteKey::name));
}

}  // namespace

std::uint64_t Rounds::lag() const {
  const std::uint64_t size = log_.has_value() ? log_->checkpoint.size : 0;
  const std::uint64_t cosigned = newest_.has_value() ? newest_->head.checkpoint.size : 0;
  return size > cosigned ? size - cosigned : 0;
}

bool Rounds::is_due(Time now) const {
  if (began_at_.has_value() && now - *began_at_ < limits_.spacing) {
    return false;
  }
  if (ended_at_.has_value() && now - *ended_at_ < limits_.pause) {
    return false;
  }
  return lag() > 0 || !renewed_at_.has_value() || now - *renewed_at_ >= limits_.idle;
}

void Rounds::turn(Time now, const IsThere& is_there) {
  if (round_.has_value()) {
    const bool all_answered = std::ranges::all_of(round_->asked | std::views::values, &Asked::done);
    const bool had_grace =
        round_->quorum_at.has_value() && now - *round_->quorum_at >= limits_.grace;
    if (all_answered || had_grace || now - round_->began_at >= limits_.round_max) {
      end(now, *round_);
      round_.reset();
      reads_.clear();
    }
  }
  if (log_.has_value() && !round_.has_value() && is_due(now)) {
    begin(now, *log_, is_there);
  }
}

void Rounds::begin(Time now, const SignedHead& head, const IsThere& is_there) {
  std::vector<exchange::WitnessSet> sets = {head.witnesses};
  if (newest_.has_value() && newest_->head.witnesses != head.witnesses) {
    sets.push_back(newest_->head.witnesses);
  }
  Result<ledger::Note> note = ledger::parse_note(head.note);
  if (!note.has_value() || std::ranges::any_of(sets, [&](const exchange::WitnessSet& set) {
        return count_there(set, is_there) < set.quorum;
      })) {
    return;
  }
  settles_at_ = settles_at_.value_or(now + limits_.settle);
  if (now < *settles_at_) {
    return;
  }
  ++number_;
  began_at_ = now;
  Round& round = round_.emplace(Round{.head = head,
                                      .sets = std::move(sets),
                                      .asked = {},
                                      .note = *std::move(note),
                                      .cosigned = {},
                                      .time_s = std::nullopt,
                                      .began_at = now,
                                      .quorum_at = std::nullopt});
  for (const exchange::WitnessSet& set : round.sets) {
    for (const ledger::NoteKey& key : set.keys) {
      if (is_there(key.name)) {
        round.asked.emplace(key.name, Asked{.key = key});
      }
    }
  }
  for (auto& [witness, asked] : round.asked) {
    // At first, and with a new key, it is asked as one that cosigned nothing, and says what it did.
    const auto known = sizes_.find(witness);
    const bool is_known = known != sizes_.end() && known->second.key_id == asked.key.key.id();
    ask(round, asked, is_known ? std::min(known->second.size, round.head.checkpoint.size) : 0);
  }
}

void Rounds::ask(const Round& round, Asked& asked, std::uint64_t old_size) {
  if (asked.count == limits_.asked_count_max) {
    asked.done = true;
    return;
  }
  ++asked.count;
  const ProofRead read{.round = number_,
                       .witness = asked.key.name,
                       .old_size = old_size,
                       .size = round.head.checkpoint.size};
  if (old_size == 0 || old_size == read.size) {
    proven(read, {});
  } else {
    reads_.push_back(read);
  }
}

void Rounds::proven(const ProofRead& read, const std::vector<Hash>& proof) {
  if (!round_.has_value() || read.round != number_) {
    return;
  }
  RoundRequest request{.witness = read.witness, .round = {}};
  request.round.set_round(number_);
  request.round.set_request(ledger::format_add_checkpoint(
      {.old_size = read.old_size, .proof = proof, .checkpoint = round_->head.note}));
  requests_.push_back(std::move(request));
}

Result<void> Rounds::answer(Time now, const std::string& witness, const v1::Answer& answer) {
  if (!round_.has_value() || answer.round() != number_) {
    return {};
  }
  const auto found = round_->asked.find(witness);
  if (found == round_->asked.end() || found->second.done) {
    return {};
  }
  Asked& asked = found->second;
  switch (static_cast<ledger::WitnessStatus>(answer.status())) {
    case ledger::WitnessStatus::kOk:
      asked.done = true;
      return cosigned(now, *round_, asked, answer.text());
    case ledger::WitnessStatus::kOtherSize:
      return other_size(*round_, asked, answer.text());
    default:
      asked.done = true;
      return fail(
          ErrorCode::kUnavailable,
          witness + " does not cosign: " + std::to_string(answer.status()) + " " + answer.text());
  }
}

Result<void> Rounds::cosigned(Time now, Round& round, Asked& asked, const std::string& text) {
  CHANCERY_TRY(const ledger::Note answered, ledger::parse_note(round.note.text + "\n" + text));
  const auto line = std::ranges::find_if(
      answered.signatures, [&](const auto& signature) { return asked.key.named_by(signature); });
  if (line == answered.signatures.end()) {
    return fail(ErrorCode::kBadCheckpoint, "no line of " + asked.key.name + " in its answer");
  }
  CHANCERY_TRY(const std::uint64_t time_s,
               ledger::verify_cosignature(asked.key, round.note.text, *line));
  round.note.signatures.push_back(*line);
  round.cosigned.push_back({.witness = asked.key, .time_s = time_s});
  sizes_[asked.key.name] = {.key_id = asked.key.key.id(), .size = round.head.checkpoint.size};
  round.time_s = exchange::quorum_time(round.sets, round.cosigned);
  if (round.time_s.has_value() && !round.quorum_at.has_value()) {
    round.quorum_at = now;
  }
  return {};
}

Result<void> Rounds::other_size(const Round& round, Asked& asked, const std::string& text) {
  const std::string& witness = asked.key.name;
  const std::uint64_t size = round.head.checkpoint.size;
  const Result<std::uint64_t> theirs =
      from_decimal(std::string_view(text).substr(0, text.find('\n')));
  if (!theirs.has_value()) {
    asked.done = true;
    return fail(ErrorCode::kBadCheckpoint, witness + " names no size that it cosigned");
  }
  sizes_[witness] = {.key_id = asked.key.key.id(), .size = *theirs};
  if (*theirs > size) {
    asked.done = true;
    return fail(ErrorCode::kForeignLog, witness + " cosigned " + std::to_string(*theirs) +
                                            " entries, and this round has " + std::to_string(size));
  }
  ask(round, asked, *theirs);
  return {};
}

void Rounds::end(Time now, Round& round) {
  if (!round.time_s.has_value()) {
    ended_at_ = now;
    return;
  }
  round.head.note = ledger::format_note(round.note);
  newest_ = CosignedHead{.head = std::move(round.head),
                         .time_s = *round.time_s,
                         .changes_witnesses = !newest_.has_value() || round.sets.size() > 1};
  result_ = newest_;
  renewed_at_ = now;
  ended_at_.reset();
}

std::vector<ProofRead> Rounds::take_reads() {
  return std::exchange(reads_, {});
}

std::vector<RoundRequest> Rounds::take_requests() {
  return std::exchange(requests_, {});
}

std::optional<CosignedHead> Rounds::take_result() {
  return std::exchange(result_, std::nullopt);
}

}  // namespace chancery::broker
