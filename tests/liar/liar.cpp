#include "tests/liar/liar.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/completeness.h"
#include "core/exchange/limits.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/leaf.h"
#include "core/ledger/witness.h"
#include "tests/support/keys.h"

namespace chancery::test {
namespace {

constexpr std::size_t kPage = 256;
constexpr std::size_t kPageBytes = 4U << 20U;
constexpr std::size_t kHashBytes = Hash{}.size();

std::uint64_t count_of(const v1::LogBatch& batch) {
  return batch.entries().size() / kHashBytes;
}

std::string entry_at(const v1::LogBatch& batch, std::uint64_t index) {
  return batch.entries().substr((index - batch.first_index()) * kHashBytes, kHashBytes);
}

void set_entry(v1::LogBatch& batch, std::uint64_t index, std::string_view entry) {
  batch.mutable_entries()->replace((index - batch.first_index()) * kHashBytes, kHashBytes, entry);
}

// What nobody can tell from the E of an envelope that it has never seen.
std::string another(std::string_view entry) {
  return to_string(crypto::sha256({as_bytes("another "), as_bytes(entry)}));
}

bool is_notices(const v1::LogBatch& batch) {
  return batch.type() == static_cast<std::uint32_t>(ledger::LeafType::kNotice);
}

std::uint64_t size_in(std::string_view note) {
  const Result<ledger::Note> parsed = ledger::parse_note(note);
  if (!parsed.has_value()) {
    return 0;
  }
  const Result<ledger::Checkpoint> checkpoint = ledger::parse_checkpoint_body(parsed->text);
  return checkpoint.has_value() ? checkpoint->size : 0;
}

}  // namespace

Liar::Liar(LieOrder order, const Hash& genesis, std::vector<crypto::Signer*> log_keys,
           std::vector<LyingWitness> witnesses)
    : order_(std::move(order)),
      genesis_(genesis),
      log_keys_(std::move(log_keys)),
      witnesses_(std::move(witnesses)),
      another_key_(signing_private("another log key")),
      directory_(genesis) {}

bool Liar::shows_another_log() const {
  constexpr std::array kFalseLogs = {Lie::kFork,      Lie::kDrop,    Lie::kWithholdRevocation,
                                     Lie::kOldRoster, Lie::kReorder, Lie::kReplay,
                                     Lie::kSwappedKey};
  return std::ranges::find(kFalseLogs, order_.lie) != kFalseLogs.end();
}

bool Liar::shows_too_much(std::uint64_t size) const {
  return struck_.has_value() && size > *struck_ &&
         (shows_another_log() || order_.lie == Lie::kWithholdTail);
}

Result<std::vector<Liar::Of>> Liar::feed_of(broker::HubStore& store, std::uint64_t from,
                                            std::uint64_t end) {
  std::vector<Of> all;
  for (const exchange::Lane lane : exchange::kLanes) {
    CHANCERY_TRY(std::vector<broker::FeedEntry> page,
                 store.read_feed({.peer = 0,
                                  .node = {},
                                  .member = order_.member,
                                  .lane = lane,
                                  .from = from,
                                  .count_max = std::min<std::uint64_t>(end - from, kPage)},
                                 kPageBytes));
    for (broker::FeedEntry& entry : page) {
      if (entry.index < end) {
        CHANCERY_TRY(
            exchange::Envelope envelope,
            exchange::parse_envelope(*entry.envelope, genesis_, exchange::Bodies::kMaybeErased));
        all.push_back({.lane = lane, .entry = std::move(entry), .envelope = std::move(envelope)});
      }
    }
  }
  return all;
}

Result<bool> Liar::put_extra(broker::HubStore& store, std::uint64_t index) {
  CHANCERY_TRY(const std::vector<Of> feed, feed_of(store, 0, index));
  const auto found = std::ranges::find_if(feed, [&](const Of& of) {
    return of.envelope.draft.origin() != order_.member && !of.envelope.erased.has_value() &&
           of.envelope.draft.kind() != exchange::kStatementKind;
  });
  if (found == feed.end()) {
    return false;
  }
  extra_ =
      Extra{.index = index, .previous = 0, .lane = found->lane, .envelope = *found->entry.envelope};
  for (const Of& of : feed) {
    if (of.lane == found->lane) {
      extra_->previous = std::max(extra_->previous, of.entry.index + 1);
    }
  }
  return true;
}

Result<void> Liar::grow(const broker::Engine& engine) {
  const std::uint64_t size = engine.hub().sequencer().tree().size();
  while (true_tree_.size() < size) {
    CHANCERY_TRY(std::vector<v1::LogBatch> page,
                 engine.store().read_batches(true_tree_.size(), kPage, kPageBytes));
    if (page.empty()) {
      return fail(ErrorCode::kNotFound, "the true log is shorter than it was");
    }
    for (v1::LogBatch& batch : page) {
      CHANCERY_TRY_VOID(append(engine.store(), std::move(batch)));
    }
  }
  return {};
}

Result<void> Liar::append(broker::HubStore& store, v1::LogBatch batch) {
  const auto add = [](ledger::CompactTree& tree, const v1::LogBatch& to) {
    for (std::uint64_t i = 0; i < count_of(to); ++i) {
      tree.append(
          ledger::leaf_hash(ledger::Leaf{.type = static_cast<ledger::LeafType>(to.type()),
                                         .accepted_at_ms = to.accepted_at_ms(),
                                         .directory = hash_from(to.directory()),
                                         .entry = hash_from(entry_at(to, to.first_index() + i))}));
    }
  };
  const v1::LogBatch is = batch;
  if (!struck_.has_value() && batch.first_index() + count_of(batch) > order_.index) {
    CHANCERY_TRY_VOID(strike(store, batch));
  }
  CHANCERY_TRY_VOID(fold(batch));
  add(true_tree_, is);
  add(tree_, batch);
  roots_[tree_.size()] = {.is = true_tree_.root(), .shown = tree_.root()};
  if (struck_.has_value() && shows_another_log()) {
    CHANCERY_TRY(*batch.mutable_checkpoint(), sign(tree_));
    batches_[batch.first_index()] = std::move(batch);
  }
  return {};
}

// The directory that the leaves name is that of the entries that the member is shown. One that does
// not fit there any more is another entry that is for others.
Result<void> Liar::fold(v1::LogBatch& batch) {
  const bool is_lie = struck_ == batch.first_index();
  if (!is_notices(batch) && !(is_lie && order_.lie == Lie::kOldRoster)) {
    CHANCERY_TRY(const exchange::Envelope entry,
                 exchange::parse_envelope(batch.directory_entry(), genesis_));
    exchange::Directory after = directory_;
    if (after.apply(entry, cache_).has_value()) {
      directory_ = std::move(after);
    } else {
      batch.set_type(static_cast<std::uint32_t>(ledger::LeafType::kNotice));
      batch.set_entries(another(batch.entries()));
      batch.clear_directory_entry();
    }
  }
  if (struck_.has_value() && shows_another_log()) {
    batch.set_directory(to_string(directory_.root()));
  }
  return {};
}

Result<std::string> Liar::sign(const ledger::CompactTree& tree) {
  const ledger::NoteKey key = directory_.log_keys().back();
  const auto found = std::ranges::find_if(
      log_keys_, [&](const crypto::Signer* each) { return each->public_key() == key.key; });
  crypto::Signer* signer = found == log_keys_.end() ? nullptr : *found;
  if (order_.lie == Lie::kSwappedKey || signer == nullptr) {
    signer = &another_key_;
  }
  ledger::Note note{.text = ledger::checkpoint_body(
                        {.origin = key.name, .size = tree.size(), .root = tree.root()}),
                    .signatures = {}};
  CHANCERY_TRY(const std::string signature, signer->sign(as_bytes(note.text)));
  note.signatures.push_back(ledger::note_signature(
      {.name = key.name, .type = key.type, .key = signer->public_key()}, as_bytes(signature)));
  return ledger::format_note(note);
}

// Where the lie fits this batch it begins here.
Result<void> Liar::strike(broker::HubStore& store, v1::LogBatch& batch) {
  const std::uint64_t end = batch.first_index() + count_of(batch);
  switch (order_.lie) {
    case Lie::kSwappedKey:
    case Lie::kStall:
    case Lie::kUndelivered:
    case Lie::kOldHead:
      struck_ = batch.first_index();
      return {};
    case Lie::kWithholdTail:
    case Lie::kBackup:
      struck_ = end;
      return {};
    case Lie::kWithholdRevocation: {
      if (is_notices(batch)) {
        return {};
      }
      CHANCERY_TRY(const exchange::Envelope entry,
                   exchange::parse_envelope(batch.directory_entry(), genesis_));
      if (entry.draft.kind() == "directory.revoked" && entry.draft.origin() != order_.member) {
        struck_ = batch.first_index();
        batch.set_type(static_cast<std::uint32_t>(ledger::LeafType::kNotice));
        batch.set_entries(another(batch.entries()));
        batch.clear_directory_entry();
      }
      return {};
    }
    case Lie::kOldRoster: {
      if (!is_notices(batch) || count_of(batch) != 1) {
        return {};
      }
      CHANCERY_TRY(const std::vector<v1::LogBatch> first, store.read_batches(0, 1, kPageBytes));
      struck_ = batch.first_index();
      batch.set_type(static_cast<std::uint32_t>(ledger::LeafType::kDirectory));
      batch.set_entries(first.front().entries());
      batch.set_directory_entry(first.front().directory_entry());
      return {};
    }
    default:
      return is_notices(batch) ? strike_notices(store, batch) : Result<void>();
  }
}

Result<void> Liar::strike_notices(broker::HubStore& store, v1::LogBatch& batch) {
  const std::uint64_t end = batch.first_index() + count_of(batch);
  CHANCERY_TRY(const std::vector<Of> feed, feed_of(store, batch.first_index(), end));
  if (order_.lie == Lie::kReorder) {
    strike_pair(feed, batch);
    return {};
  }
  for (std::uint64_t i = std::max(order_.index, batch.first_index()); i < end; ++i) {
    const auto own = std::ranges::find(feed, i, [](const Of& of) { return of.entry.index; });
    if (order_.lie == Lie::kDrop) {
      if (own != feed.end() && own->envelope.draft.origin() != order_.member &&
          own->envelope.draft.kind() != exchange::kStatementKind) {
        struck_ = batch.first_index();
        dropped_ = i;
        set_entry(batch, i, another(entry_at(batch, i)));
        return {};
      }
      continue;
    }
    if (own != feed.end()) {
      continue;
    }
    if (order_.lie == Lie::kFork) {
      struck_ = batch.first_index();
      set_entry(batch, i, another(entry_at(batch, i)));
      return {};
    }
    CHANCERY_TRY(const bool put, put_extra(store, i));
    if (put) {
      struck_ = batch.first_index();
      if (order_.lie == Lie::kReplay) {
        CHANCERY_TRY(const Hash entry, exchange::entry_of(extra_->envelope, genesis_));
        set_entry(batch, i, as_view(entry));
      }
    }
    return {};
  }
  return {};
}

void Liar::strike_pair(const std::vector<Of>& feed, v1::LogBatch& batch) {
  for (std::size_t i = 1; i < feed.size(); ++i) {
    const Of& one = feed[i - 1];
    const Of& other = feed[i];
    if (one.lane != other.lane || one.envelope.draft.origin() == order_.member ||
        one.envelope.draft.origin() != other.envelope.draft.origin() ||
        one.entry.index < order_.index) {
      continue;
    }
    struck_ = batch.first_index();
    const std::string first = entry_at(batch, one.entry.index);
    set_entry(batch, one.entry.index, entry_at(batch, other.entry.index));
    set_entry(batch, other.entry.index, first);
    swapped_ = {{one.entry.index, other.entry.index}, {other.entry.index, one.entry.index}};
    return;
  }
}

std::vector<broker::Outgoing> Liar::filter(const broker::Engine& engine,
                                           std::vector<broker::Outgoing> all) {
  for (const broker::SessionInfo& session : engine.hub().sessions()) {
    members_[session.peer] = session.member;
  }
  const bool grown = grow(engine).has_value();
  std::vector<broker::Outgoing> sent;
  for (broker::Outgoing& outgoing : all) {
    const auto to = members_.find(outgoing.peer);
    if (to == members_.end() || to->second != order_.member) {
      sent.push_back(std::move(outgoing));
    } else if (grown) {  // Otherwise the store failed, and so does the hub.
      alter(engine.store(), std::move(outgoing), sent);
    }
  }
  return sent;
}

void Liar::alter(broker::HubStore& store, broker::Outgoing outgoing,
                 std::vector<broker::Outgoing>& sent) {
  v1::DownMessage message;
  if (!message.ParseFromString(outgoing.message)) {
    return;
  }
  const bool is_news = message.has_batches() || message.has_welcome() || message.has_pong();
  if (!alter(store, outgoing.peer, message)) {
    return;
  }
  outgoing.message = message.SerializeAsString();
  const broker::PeerHandle peer = outgoing.peer;
  sent.push_back(std::move(outgoing));
  if (is_news) {
    add_extra(peer, sent);
  }
}

bool Liar::alter(broker::HubStore& store, broker::PeerHandle peer, v1::DownMessage& message) {
  if (order_.lie == Lie::kStall && struck_.has_value() && !message.has_welcome() &&
      !message.has_pong()) {
    told_ = true;
    return false;
  }
  switch (message.message_case()) {
    case v1::DownMessage::kBatches:
      return alter_batches(*message.mutable_batches());
    case v1::DownMessage::kDeliver:
      return alter_deliver(store, *message.mutable_deliver());
    case v1::DownMessage::kWelcome:
      alter_welcome(peer, *message.mutable_welcome());
      return true;
    case v1::DownMessage::kPong:
      alter_pong(*message.mutable_pong());
      return true;
    case v1::DownMessage::kRound: {
      const auto asked = ledger::parse_add_checkpoint(message.round().request());
      return !asked.has_value() || !shows_too_much(size_in(asked->checkpoint));
    }
    case v1::DownMessage::kRoundResult:
      return alter_head(*message.mutable_round_result());
    case v1::DownMessage::kAccepted: {
      auto& items = *message.mutable_accepted()->mutable_items();
      items.erase(std::remove_if(items.begin(), items.end(),
                                 [&](const v1::AcceptedItem& item) {
                                   return order_.lie == Lie::kWithholdTail &&
                                          shows_too_much(item.index() + 1);
                                 }),
                  items.end());
      return !items.empty();
    }
    case v1::DownMessage::kRefused: {
      // The engine is honest, and says that it has another log.
      auto& items = *message.mutable_refused()->mutable_items();
      items.erase(std::remove_if(items.begin(), items.end(),
                                 [&](const v1::RefusedItem& item) {
                                   return struck_.has_value() && shows_another_log() &&
                                          item.code() ==
                                              static_cast<std::uint32_t>(ErrorCode::kForeignLog);
                                 }),
                  items.end());
      return !items.empty();
    }
    default:
      return true;
  }
}

bool Liar::alter_batches(v1::Batches& batches) {
  if (order_.lie == Lie::kWithholdTail && struck_.has_value()) {
    auto& all = *batches.mutable_batches();
    const auto kept = std::ranges::find_if(
        all, [&](const v1::LogBatch& batch) { return batch.first_index() >= *struck_; });
    told_ = told_ || kept != all.end();
    all.erase(kept, all.end());
    batches.set_log_size(std::min(batches.log_size(), *struck_));
    return !all.empty();
  }
  for (v1::LogBatch& batch : *batches.mutable_batches()) {
    if (const auto shown = batches_.find(batch.first_index()); shown != batches_.end()) {
      batch = shown->second;
      told_ = true;
    }
  }
  return true;
}

void Liar::add_to(v1::Deliver& deliver, const Extra& extra) {
  v1::Delivery& delivery = *deliver.add_deliveries();
  delivery.set_index(extra.index);
  delivery.set_previous(extra.previous);
  delivery.set_envelope(extra.envelope);
}

void Liar::add_extra(broker::PeerHandle peer, std::vector<broker::Outgoing>& sent) {
  if (!extra_.has_value()) {
    return;
  }
  v1::DownMessage message;
  add_to(*message.mutable_deliver(), *extra_);
  message.mutable_deliver()->set_urgent(extra_->lane == exchange::Lane::kUrgent);
  sent.push_back(
      {.peer = peer, .topic = "to/" + order_.member, .message = message.SerializeAsString()});
  told_ = true;
}

// `previous` of what follows something that is withheld.
std::uint64_t Liar::mended(std::uint64_t previous) const {
  while (previous > 0) {
    const auto found = withheld_.find(previous - 1);
    if (found == withheld_.end()) {
      break;
    }
    previous = found->second;
  }
  return previous;
}

bool Liar::is_withheld(const v1::Delivery& delivery) {
  if (!struck_.has_value()) {
    return false;
  }
  if (order_.lie == Lie::kWithholdTail) {
    return delivery.index() >= *struck_;
  }
  if (order_.lie == Lie::kDrop) {
    return delivery.index() == dropped_;
  }
  if (order_.lie != Lie::kUndelivered || delivery.index() < order_.index) {
    return false;
  }
  const Result<exchange::Envelope> envelope =
      exchange::parse_envelope(delivery.envelope(), genesis_, exchange::Bodies::kMaybeErased);
  if (!envelope.has_value() || envelope->draft.origin() == order_.member) {
    return false;
  }
  if (silenced_.empty() && envelope->draft.kind() != exchange::kStatementKind) {
    silenced_ = envelope->draft.origin();
  }
  return envelope->draft.origin() == silenced_;
}

bool Liar::alter_deliver(broker::HubStore& store, v1::Deliver& deliver) {
  v1::Deliver shown;
  shown.set_urgent(deliver.urgent());
  for (v1::Delivery& delivery : *deliver.mutable_deliveries()) {
    if (is_withheld(delivery)) {
      withheld_[delivery.index()] = delivery.previous();
      told_ = true;
      continue;
    }
    delivery.set_previous(mended(delivery.previous()));
    const bool same_lane =
        extra_.has_value() && deliver.urgent() == (extra_->lane == exchange::Lane::kUrgent);
    if (same_lane && delivery.previous() <= extra_->index && delivery.index() > extra_->index) {
      add_to(shown, *extra_);
    }
    if (const auto other = swapped_.find(delivery.index()); other != swapped_.end()) {
      const Result<std::vector<Of>> feed = feed_of(store, other->second, other->second + 1);
      if (feed.has_value() && !feed->empty()) {
        delivery.set_envelope(*feed->front().entry.envelope);
      }
    }
    *shown.add_deliveries() = std::move(delivery);
  }
  deliver = std::move(shown);
  return !deliver.deliveries().empty();
}

bool Liar::alter_head(v1::RoundResult& result) {
  if (order_.lie == Lie::kOldHead && struck_.has_value()) {
    if (old_head_.empty()) {
      old_head_ = result.checkpoint();
    }
    told_ = told_ || result.checkpoint() != old_head_;
    result.set_checkpoint(old_head_);
    return true;
  }
  const std::uint64_t size = size_in(result.checkpoint());
  if (!shows_too_much(size)) {
    return true;
  }
  const std::optional<std::string> instead = cosigned(size);
  if (instead.has_value()) {
    result.set_checkpoint(*instead);
  }
  return instead.has_value();
}

std::optional<std::string> Liar::cosigned(std::uint64_t size) const {
  const auto after = batches_.lower_bound(size);
  if (witnesses_.empty() || after == batches_.begin()) {
    return std::nullopt;
  }
  const v1::LogBatch& batch = std::prev(after)->second;
  Result<ledger::Note> note = ledger::parse_note(batch.checkpoint());
  if (!note.has_value() || batch.first_index() + count_of(batch) != size) {
    return std::nullopt;
  }
  const std::uint64_t time_s = batch.accepted_at_ms() / 1000;
  for (const LyingWitness& each : witnesses_) {
    const Result<std::string> signature =
        each.signer->sign(as_bytes(ledger::cosignature_message(time_s, note->text)));
    if (!signature.has_value()) {
      return std::nullopt;
    }
    const std::string payload = ledger::cosignature_payload(time_s, as_bytes(*signature));
    note->signatures.push_back(ledger::note_signature(
        {.name = exchange::witness_name(directory_.log_keys().back().name, each.member),
         .type = ledger::kNoteCosignature,
         .key = each.signer->public_key()},
        as_bytes(payload)));
  }
  return ledger::format_note(*note);
}

void Liar::alter_pong(v1::Pong& pong) const {
  if (order_.lie == Lie::kWithholdTail && struck_.has_value()) {
    pong.set_log_size(std::min(pong.log_size(), *struck_));
    pong.set_caught_up(std::min(pong.caught_up(), *struck_));
    pong.set_delivered(std::min(pong.delivered(), *struck_));
    pong.set_delivered_urgent(std::min(pong.delivered_urgent(), *struck_));
  }
  pong.set_delivered(mended(pong.delivered()));
  pong.set_delivered_urgent(mended(pong.delivered_urgent()));
}

void Liar::alter_welcome(broker::PeerHandle peer, v1::Welcome& welcome) {
  if (!struck_.has_value()) {
    return;
  }
  std::uint64_t size = welcome.head().size();
  const bool is_restored = order_.lie == Lie::kBackup && greeted_at_[peer] > *struck_;
  if (is_restored || order_.lie == Lie::kWithholdTail) {
    size = std::min(size, *struck_);
  }
  told_ = told_ || is_restored;
  const auto root = roots_.find(size);
  if (root != roots_.end() && size > 0) {
    welcome.mutable_head()->set_size(size);
    welcome.mutable_head()->set_root(to_string(root->second.shown));
  }
}

std::string Liar::hear(const broker::Engine& engine, broker::PeerHandle peer,
                       const Hash& transport_key_id, std::string frame) {
  const exchange::NodeInfo* const node =
      engine.hub().sequencer().directory().node_of_transport_key(transport_key_id);
  v1::UpMessage message;
  if (node == nullptr || node->member != order_.member || !message.ParseFromString(frame) ||
      !message.has_hello()) {
    return frame;
  }
  v1::TreeHead& followed = *message.mutable_hello()->mutable_followed();
  greeted_at_[peer] = followed.size();
  const auto root = roots_.find(followed.size());
  if (shows_another_log() && shows_too_much(followed.size()) && root != roots_.end()) {
    followed.set_root(to_string(root->second.is));
  }
  return message.SerializeAsString();
}

}  // namespace chancery::test
