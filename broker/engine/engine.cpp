#include "broker/engine/engine.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "core/base/encoding.h"
#include "core/exchange/limits.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/proof.h"
#include "core/ledger/tile_proofs.h"
#include "io/log/log.h"

namespace chancery::broker {
namespace {

constexpr std::size_t kReadAndUnsentMax = 4U << 20U;  // In bytes, and the page that goes over it.
constexpr std::chrono::seconds kTellDamagedEvery{30};
constexpr std::chrono::seconds kRetainBusyEvery{1};
constexpr std::string_view kEntryRemedy =
    "Nodes are asked for it: its origin, or a recipient that has it, has to connect.";

v1::RoundResult result_of(const CosignedHead& head) {
  v1::RoundResult result;
  result.set_checkpoint(head.head.note);
  return result;
}

}  // namespace

std::vector<crypto::PublicKey> public_keys(const LogSigners& signers) {
  std::vector<crypto::PublicKey> keys;
  keys.reserve(signers.size());
  for (const std::unique_ptr<crypto::Signer>& signer : signers) {
    keys.push_back(signer->public_key());
  }
  return keys;
}

Engine::Engine(const EngineConfig& config, std::unique_ptr<HubStore> store, HubState state,
               LogSigners log_signers)
    : store_(std::move(store)),
      log_signers_(std::move(log_signers)),
      rounds_(RoundLimits{}, state.cosigned),
      hub_(HubConfig{.program = config.program,
                     .admission = config.admission,
                     .window = config.window,
                     .pace = config.pace,
                     .quota = config.quota,
                     .log_keys = public_keys(log_signers_)},
           std::move(state)),
      stages_(config.clocks) {
  if (const std::optional<CosignedHead>& newest = rounds_.newest(); newest.has_value()) {
    hub_.set_cosigned(result_of(*newest));
  }
  if (hub_.start_quorum().is_there()) {
    quorum_after_ = std::chrono::milliseconds(0);
  }
}

Result<std::unique_ptr<Engine>> Engine::start(const EngineConfig& config,
                                              std::unique_ptr<HubStore> store,
                                              LogSigners log_signers) {
  CHANCERY_TRY(HubState state, store->load());
  // What it names is in take_damages() as well. Before the first write: a store that is refused
  // stays as it was.
  CHANCERY_TRY_VOID(store->check_tail());
  CHANCERY_TRY_VOID(store->make_durable());
  return std::unique_ptr<Engine>(
      new Engine(config, std::move(store), std::move(state), std::move(log_signers)));
}

Result<void> Engine::look_again(bool idle, SteadyTime now, std::uint64_t now_ms) {
  CHANCERY_TRY_VOID(write_back());
  CHANCERY_TRY_VOID(restore(now_ms));
  if (disk().is_full()) {
    return {};  // What is found has to be written down.
  }
  const std::uint64_t count = pace_.due(now, hub_.sequencer().tree().size(), idle);
  if (count > 0) {
    CHANCERY_TRY(const exchange::Scrubbed scrubbed, store_->scrub(count, exchange::kScrubBytesMax));
    if (scrubbed.whole) {
      pace_.whole();
    }
  }
  CHANCERY_TRY(const bool is_new, name_damages(now_ms));
  return tell_damaged(is_new, now);
}

Result<bool> Engine::name_damages(std::uint64_t now_ms) {
  bool any_new = false;
  for (const exchange::Damage& damage : store_->take_damages()) {
    const Result<bool> is_new = store_->quarantine(damage, now_ms);
    CHANCERY_TRY(const bool room,
                 had_room(is_new.has_value() ? Result<void>() : std::unexpected(is_new.error())));
    if (room && *is_new) {
      any_new = true;
      log::error("record-damaged",
                 {{"part", damage.part},
                  {"index", damage.index},
                  {"detail", damage.error.to_string()},
                  {"remedy",
                   damage.part == "entry" ? kEntryRemedy : error_info(damage.error.code).remedy}});
    }
  }
  return any_new;
}

// What was said may be lost, or no holder may be there yet: it is said again for as long as it is
// so.
Result<void> Engine::tell_damaged(bool is_new, SteadyTime now) {
  if (!is_new && (!tell_damaged_at_.has_value() || now < *tell_damaged_at_)) {
    return {};
  }
  CHANCERY_TRY(std::vector<DamagedEntry> entries,
               store_->damaged_entries(exchange::kDamagedCountMax));
  tell_damaged_at_ = entries.empty() ? std::nullopt : std::optional(now + kTellDamagedEvery);
  hub_.set_damaged(std::move(entries));
  hub_.tell_damaged();
  return {};
}

Result<void> Engine::restore(std::uint64_t now_ms) {
  for (const RestoreRequest& request : hub_.take_restores()) {
    if (disk().is_full()) {
      continue;  // It is asked for again.
    }
    const Result<void> restored = store_->restore_entry(request.index, request.envelope, now_ms);
    if (restored.has_value()) {
      ++counters_.restored_count;
      hub_.restored(request.index);
      log::info("record-restored", {{"index", request.index}, {"from", request.member}});
    } else if (error_info(restored.error().code).retry == Retry::kFinal) {
      hub_.not_restored(request, restored.error());
      refusals_.line(now_, log::Level::kWarn, "record-not-restored", request.member,
                     {{"index", request.index},
                      {"from", request.member},
                      {"detail", restored.error().to_string()}});
    } else {
      CHANCERY_TRY_VOID(had_room(restored));
    }
  }
  return {};
}

Result<void> Engine::found(const v1::FoundingFile& founding, const std::string& file_name,
                           std::uint64_t now_ms) {
  const Sequencer& sequencer = hub_.sequencer();
  // Nothing else enters the log before these are all there, so its size says where to go on.
  CHANCERY_CHECK(sequencer.tree().size() <= static_cast<std::uint64_t>(founding.entries_size()));
  for (int i = static_cast<int>(sequencer.tree().size()); i < founding.entries_size(); ++i) {
    if (const Result<void> entered = enter(founding.entries(i), now_ms); !entered.has_value()) {
      return fail(entered.error().code,
                  file_name + ", entry " + std::to_string(i) + ": " + entered.error().detail);
    }
  }
  if (!sequencer.directory().founded()) {
    return fail(ErrorCode::kInvalidEntry, file_name + " holds no roster");
  }
  log::info("founded", {{"entries", founding.entries_size()},
                        {"genesis", hex(sequencer.directory().genesis())}});
  return store_->flush();
}

Result<void> Engine::enter(std::string_view envelope, std::uint64_t now_ms) {
  Sequencer& sequencer = hub_.sequencer();
  CHANCERY_TRY_VOID(sequencer.offer(0, std::nullopt, envelope));
  CHANCERY_TRY(const Answers answers, store_->answer(sequencer.begin()));
  const Decision decision = sequencer.decide(answers, now_ms);
  if (!decision.commit.has_value()) {
    return std::unexpected(decision.outcomes.front().error.value_or(
        Error{ErrorCode::kInvalidEntry, "the same entry twice"}));
  }
  CHANCERY_TRY_VOID(store_->commit(*decision.commit));
  CHANCERY_TRY_VOID(store_->check_batch(sequencer.tree()));
  sequencer.committed();
  CHANCERY_TRY(std::string note,
               sign_checkpoint(decision.commit->size_after, decision.commit->root_after));
  store_->keep_checkpoint(decision.commit->size_after, std::move(note));
  return {};
}

Result<std::string> Engine::sign_checkpoint(std::uint64_t size, const Hash& root) {
  const std::vector<ledger::NoteKey> keys = hub_.sequencer().directory().log_keys();
  ledger::Note note{
      .text = ledger::checkpoint_body({.origin = keys.back().name, .size = size, .root = root}),
      .signatures = {}};
  for (const ledger::NoteKey& key : keys) {
    if (crypto::Signer* const signer = signer_of(key); signer != nullptr) {
      CHANCERY_TRY(const std::string signature, signer->sign(as_bytes(note.text)));
      note.signatures.push_back(ledger::note_signature(key, as_bytes(signature)));
    } else if (key == keys.back()) {
      return fail(ErrorCode::kHubKeyMissing, "log key " + hex(key.key.id()));
    }
  }
  return ledger::format_note(note);
}

crypto::Signer* Engine::signer_of(const ledger::NoteKey& key) const {
  const auto found = std::ranges::find_if(
      log_signers_, [&](const auto& signer) { return signer->public_key() == key.key; });
  return found == log_signers_.end() ? nullptr : found->get();
}

Result<void> Engine::sign_missing_checkpoints() {
  CHANCERY_TRY(const std::vector<HubStore::UnsignedHead> heads, store_->unsigned_heads());
  for (const HubStore::UnsignedHead& head : heads) {
    CHANCERY_TRY(std::string note, sign_checkpoint(head.size, head.root));
    store_->keep_checkpoint(head.size, std::move(note));
  }
  CHANCERY_TRY_VOID(flush());
  const ledger::CompactTree& tree = hub_.sequencer().tree();
  if (tree.size() > 0) {
    CHANCERY_TRY(const std::string note, sign_checkpoint(tree.size(), tree.root()));
    log_is(note);
  }
  return {};
}

void Engine::log_is(const std::string& note) {
  const Sequencer& sequencer = hub_.sequencer();
  rounds_.log_is({.checkpoint = {.origin = sequencer.directory().log_keys().back().name,
                                 .size = sequencer.tree().size(),
                                 .root = sequencer.tree().root()},
                  .note = note,
                  .witnesses = exchange::witnesses_of(sequencer.directory())});
}

Result<void> Engine::run_rounds(SteadyTime now) {
  const During verifying(stages_, Stage::kRounds);
  const exchange::Directory& directory = hub_.sequencer().directory();
  const std::string& origin = directory.roster().hub().origin_line();
  for (const WitnessAnswer& each : hub_.take_answers()) {
    const exchange::NodeInfo* const node = directory.active_node(each.node);
    if (node == nullptr) {
      continue;
    }
    const std::string witness = exchange::witness_name(origin, node->member);
    if (exchange::witness_node(directory, witness) != node) {
      continue;
    }
    if (const Result<void> taken = rounds_.answer(now, witness, each.answer); !taken.has_value()) {
      refusals_.line(now_, log::Level::kWarn, "no-cosignature", witness,
                     {{"witness", witness}, {"error", taken.error().to_string()}});
    }
  }
  rounds_.turn(now, [&](const std::string& witness) {
    const exchange::NodeInfo* const node = exchange::witness_node(directory, witness);
    return node != nullptr && hub_.is_there(*node);
  });
  for (const ProofRead& read : rounds_.take_reads()) {
    if (const Result<std::vector<Hash>> proof = proof_of(read); proof.has_value()) {
      rounds_.proven(read, *proof);
    } else {
      ++counters_.damaged_read_count;
      refusals_.line(now_, log::Level::kError, "read-failed", "proof",
                     {{"from", read.old_size}, {"detail", proof.error().to_string()}});
    }
  }
  for (const RoundRequest& request : rounds_.take_requests()) {
    if (const exchange::NodeInfo* const node = exchange::witness_node(directory, request.witness);
        node != nullptr) {
      hub_.ask(*node, request.round);
    }
  }
  if (std::optional<CosignedHead> result = rounds_.take_result(); result.has_value()) {
    store_->keep_cosigned(*result);
    kept_since_ = kept_since_.value_or(now_);
    if (!untold_.empty() && !untold_.back().changes_witnesses) {
      untold_.pop_back();
    }
    untold_.push_back(*std::move(result));
  }
  return tell_heads();
}

// One that changes the witnesses is not told before it is durable, nor what comes after it: nodes
// go on from it, and a hub that had lost it would go on from another.
Result<void> Engine::tell_heads() {
  if (untold_.empty()) {
    return {};
  }
  if (std::ranges::any_of(untold_, &CosignedHead::changes_witnesses)) {
    CHANCERY_TRY(const bool room, write_kept());
    if (!room) {
      return {};
    }
  }
  for (const CosignedHead& each : untold_) {
    if (each.changes_witnesses) {
      hub_.add_witness_change({.size = each.head.checkpoint.size, .note = each.head.note});
    }
  }
  hub_.set_cosigned(result_of(untold_.back()));
  untold_.clear();
  hub_.tell_cosigned();
  return {};
}

// One that does not prove what it is to prove is of a table that rotted; the scrubber mends that.
Result<std::vector<Hash>> Engine::proof_of(const ProofRead& read) {
  if (proven_.has_value() && proven_->old_size == read.old_size && proven_->size == read.size) {
    return proven_->proof;
  }
  CHANCERY_TRY(std::vector<Hash> proof,
               ledger::consistency_proof(read.old_size, read.size, [&](const ledger::Tile& tile) {
                 return store_->tile(tile);
               }));
  CHANCERY_TRY(const Answers answers,
               store_->answer({.ids = {}, .head_sizes = {read.old_size, read.size}}));
  const auto before = answers.heads.find(read.old_size);
  const auto after = answers.heads.find(read.size);
  if (after == answers.heads.end()) {
    return fail(ErrorCode::kStoreDamaged, "no batch ends at " + std::to_string(read.size));
  }
  if (before != answers.heads.end()) {  // Of another size the witness says what it knows.
    CHANCERY_TRY_VOID(
        ledger::verify_consistency(read.old_size, before->second, read.size, after->second, proof));
    proven_ = {.old_size = read.old_size, .size = read.size, .proof = proof};
  }
  return proof;
}

void Engine::disk_has(std::uint64_t free_bytes, DiskGauge::Time now) {
  now_ = now;
  first_turn_ = first_turn_.value_or(now);
  hub_.at(now);
  hub_.quotas().at(now);
  refusals_.sweep(now);
  hub_.sequencer().queue().disk().measured(free_bytes, now);
}

Result<bool> Engine::had_room(const Result<void>& written) {
  if (written.has_value()) {
    return true;
  }
  if (written.error().code != ErrorCode::kDiskFull) {
    return std::unexpected(written.error());
  }
  hub_.sequencer().queue().disk().write_failed(now_);
  return false;
}

// Checkpoints can wait for room: they are kept, and could be made again.
Result<void> Engine::flush() {
  CHANCERY_TRY_VOID(write_kept());
  return {};
}

Result<void> Engine::flush_when_due() {
  return kept_since_.has_value() && now_ - *kept_since_ >= kKeptFor ? flush() : Result<void>{};
}

Result<bool> Engine::write_kept() {
  const During storing(stages_, Stage::kStore);
  CHANCERY_TRY(const bool written, disk().is_full() ? false : had_room(store_->flush()));
  kept_since_ = written ? std::nullopt : std::optional(now_);
  return written;
}

Result<void> Engine::write_back() {
  const During storing(stages_, Stage::kStore);
  return store_->write_back();
}

std::vector<Outgoing> Engine::take_outgoing() {
  return hub_.take_outgoing();
}

Result<void> Engine::receive(PeerHandle peer, const Hash& transport_key_id,
                             std::string_view frame) {
  const bool had_contradiction = hub_.contradiction().has_value();
  Result<void> served = hub_.receive(peer, transport_key_id, frame);
  if (served.has_value()) {
    served = check_heads();
  }
  if (!had_contradiction && hub_.contradiction().has_value()) {
    tell_admission();
    contradiction_is_new_ = true;
  }
  note_quorum();
  return served;
}

void Engine::note_quorum() {
  if (!quorum_after_.has_value() && hub_.start_quorum().is_there()) {
    quorum_after_ =
        std::chrono::duration_cast<std::chrono::milliseconds>(now_ - first_turn_.value_or(now_));
    log::info("admits", {{"after_ms", quorum_after_->count()}});
  }
}

void Engine::tell_admission() const {
  const std::optional<Error> why = hub_.admits_nothing();
  if (!why.has_value()) {
    return;
  }
  const std::string_view remedy = error_info(why->code).remedy;
  if (hub_.contradiction().has_value()) {
    log::error("admission-stopped", {{"detail", why->detail}, {"remedy", remedy}});
  } else {
    log::info("awaiting-quorum", {{"detail", why->detail}, {"remedy", remedy}});
  }
}

// For good, before anything else is written.
Result<void> Engine::keep_contradiction(std::uint64_t now_ms) {
  const std::optional<Error>& why = hub_.contradiction();
  if (!contradiction_is_new_ || !why.has_value() || disk().is_full()) {
    return {};
  }
  CHANCERY_TRY(const bool room, had_room(store_->put_contradiction(why->detail, now_ms)));
  contradiction_is_new_ = !room;
  return {};
}

Result<void> Engine::check_heads() {
  Result<void> all;
  for (const HeadCheck& check : hub_.take_head_checks()) {
    CHANCERY_TRY(const Answers answers, store_->answer({.ids = {}, .head_sizes = {check.size}}));
    const auto head = answers.heads.find(check.size);
    const Result<void> checked = hub_.checked(
        check, head == answers.heads.end() ? std::nullopt : std::optional(head->second));
    all = checked.has_value() ? all : checked;
  }
  return all;
}

Result<Decision> Engine::decide(std::uint64_t now_ms) {
  Sequencer& sequencer = hub_.sequencer();
  const Questions questions = sequencer.begin(hub_.batch_count_max(), hub_.batch_takes());
  if (const std::optional<Error> why = hub_.admits_nothing(); why.has_value()) {
    return sequencer.refuse(*why);
  }
  if (const Result<void> room = disk().admit(/*urgent=*/true); !room.has_value()) {
    return sequencer.refuse(room.error());
  }
  CHANCERY_TRY(const Answers answers, store_->answer(questions));
  const During verifying(stages_, Stage::kVerify);
  return sequencer.decide(answers, now_ms, [this] { stages_.enter(Stage::kTree); });
}

Result<Sequenced> Engine::sequence(std::uint64_t now_ms) {
  CHANCERY_TRY_VOID(keep_contradiction(now_ms));
  if (!hub_.has_work()) {
    return Sequenced{};
  }
  const During storing(stages_, Stage::kStore);
  CHANCERY_TRY(Decision decision, decide(now_ms));
  CHANCERY_TRY_VOID(commit(decision));
  CHANCERY_TRY_VOID(keep_conflicts(decision, now_ms));
  count(decision.outcomes);
  hub_.refuse(decision.outcomes);
  bool directory_changed = false;
  if (decision.commit.has_value()) {
    const Commit& commit = *decision.commit;
    CHANCERY_TRY(const std::string note, sign_checkpoint(commit.size_after, commit.root_after));
    store_->keep_checkpoint(commit.size_after, note);
    kept_since_ = now_;
    directory_changed = commit.type == ledger::LeafType::kDirectory;
    if (directory_changed) {
      // It may be the one that two keys sign, and only this process is sure to hold both.
      CHANCERY_TRY_VOID(flush());
      log::info("directory-entry", {{"index", commit.size_before},
                                    {"kind", commit.entries.front().envelope.draft.kind()}});
    }
    const During sending(stages_, Stage::kSend);
    hub_.committed(commit, note, decision.outcomes);
    log_is(note);
    hub_.sequencer().spare(std::move(decision.commit->entries));
  }
  return Sequenced{.outcomes = std::move(decision.outcomes),
                   .directory_changed = directory_changed};
}

Result<void> Engine::commit(Decision& decision) {
  if (!decision.commit.has_value()) {
    return {};
  }
  const Result<void> stored = store_->commit(*decision.commit);
  CHANCERY_TRY(const bool room, had_room(stored));
  if (room) {
    CHANCERY_TRY_VOID(store_->check_batch(hub_.sequencer().tree()));
    hub_.sequencer().committed();
    ++counters_.commit_count;
  } else {
    hub_.sequencer().not_committed(decision, stored.error());
  }
  return {};
}

// After the commit, since they name entries of it. One that finds no room is refused for now only,
// and so comes again: no proof is lost.
Result<void> Engine::keep_conflicts(Decision& decision, std::uint64_t now_ms) {
  for (const Conflict& conflict : decision.conflicts) {
    const Result<bool> kept = store_->keep_conflict(conflict, now_ms);
    CHANCERY_TRY(const bool room,
                 had_room(kept.has_value() ? Result<void>() : std::unexpected(kept.error())));
    if (!room) {
      for (Outcome& outcome : decision.outcomes) {
        if (outcome.notice_id == conflict.envelope.draft.notice_id() && outcome.error.has_value()) {
          outcome.error = kept.error();
        }
      }
    } else if (*kept) {
      log::warn("notice-id-reused", {{"notice", conflict.envelope.name()},
                                     {"index_first", conflict.index_first},
                                     {"kept", "both drafts, as evidence"}});
    }
  }
  return {};
}

void Engine::count(const std::vector<Outcome>& outcomes) {
  for (const Outcome& outcome : outcomes) {
    if (outcome.error.has_value()) {
      ++counters_.refused_count;
      const std::string_view name = error_info(outcome.error->code).name;
      refusals_.line(now_, log::Level::kInfo, "refused", name,
                     {{"notice_id", uuid_text(as_bytes(outcome.notice_id))},
                      {"error", name},
                      {"detail", outcome.error->detail}});
    } else {
      ++(outcome.duplicate ? counters_.duplicate_count : counters_.accepted_count);
    }
  }
}

Result<void> Engine::retain(bool idle, SteadyTime now, std::uint64_t now_ms) {
  if (!idle && now < retain_busy_at_) {
    return {};
  }
  retain_busy_at_ = now + kRetainBusyEvery;
  const Sequencer& sequencer = hub_.sequencer();
  const exchange::Directory& directory = sequencer.directory();
  // accepted_at is this machine's clock as well: the members' have to agree.
  const std::uint64_t time = std::min(
      {paced_.at(now_ms, now), sequencer.accepted_at_ms(), sequencer.newest_created_at_ms()});
  const std::optional<std::uint64_t> from = retention_.next(directory.roster(), time);
  if (!from.has_value() || disk().is_full()) {
    return {};
  }
  CHANCERY_TRY(const std::vector<exchange::Kept> page,
               store_->kept(*from, exchange::kRetentionPageMax));
  const auto may_go = [&](const exchange::Kept& kept) {
    const exchange::Lane lane = exchange::lane_of(kept.draft.precedence());
    return std::ranges::all_of(kept.draft.recipients(), [&](const v1::Recipient& recipient) {
      return directory.member(recipient.member()) == nullptr ||
             hub_.has_stored(recipient.member(), lane, kept.index);
    });
  };
  const std::vector<std::uint64_t> past = retention_.take(page, directory.roster(), time, may_go);
  if (past.empty()) {
    return {};
  }
  const Result<std::vector<std::uint64_t>> erased = store_->erase_bodies(past, now_ms);
  CHANCERY_TRY(const bool room,
               had_room(erased.has_value() ? Result<void>() : std::unexpected(erased.error())));
  if (!room) {
    return {};  // The next pass meets them again.
  }
  const std::vector<std::uint64_t>& damaged = *erased;
  log::info(
      "bodies-erased",
      {{"count", past.size() - damaged.size()}, {"first", past.front()}, {"last", past.back()}});
  for (const std::uint64_t index : damaged) {
    log::error("body-not-erased", {{"index", index},
                                   {"error", error_info(ErrorCode::kStoreDamaged).name},
                                   {"remedy", error_info(ErrorCode::kStoreDamaged).remedy}});
  }
  return {};
}

void Engine::serve_reads(const HasRoom& has_room, const std::function<void()>& send) {
  const During reading(stages_, Stage::kRead);
  // What was read goes on its way before more is, and then there may be room no longer.
  const auto goes_on = [&](PeerHandle peer) {
    if (send && hub_.outgoing_bytes() >= kReadAndUnsentMax) {
      send();
    }
    return !has_room || has_room(peer);
  };
  hub_.tell_who_missed_news(has_room);
  for (const BatchRead& read : hub_.take_batch_reads(has_room)) {
    if (!goes_on(read.peer)) {
      hub_.put_back(read);
      continue;
    }
    Result<std::vector<v1::LogBatch>> page =
        store_->read_batches(read.from, read.count_max, read.bytes_max);
    if (!page.has_value()) {
      ++counters_.damaged_read_count;
      refusals_.line(now_, log::Level::kError, "read-failed", "read log",
                     {{"from", read.from}, {"detail", page.error().to_string()}});
      continue;
    }
    hub_.batches(read, std::move(*page));
  }
  for (const FeedRead& read : hub_.take_feed_reads(has_room)) {
    if (!goes_on(read.peer)) {
      hub_.put_back(read);
      continue;
    }
    Result<std::vector<FeedEntry>> page = store_->read_feed(read, read.bytes_max);
    if (!page.has_value()) {
      // Never served, never deleted. The member's feed stands still; the others go on.
      ++counters_.damaged_read_count;
      refusals_.line(
          now_, log::Level::kError, "read-failed", "read " + read.member,
          {{"member", read.member}, {"from", read.from}, {"detail", page.error().to_string()}});
      hub_.feed(read, {});
      continue;
    }
    hub_.feed(read, *page);
  }
}

}  // namespace chancery::broker
