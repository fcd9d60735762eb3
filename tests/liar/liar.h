// A hub that lies to one member: between an honest hub's engine and its links. Never shipped.
//
// filter() alters what the engine sends to the nodes of that member, hear() what those nodes say to
// it where it would give the lie away. The log that the member is shown is made of the true one, by
// the engine's store, entry by entry: from the lie on with roots, directory and checkpoints of its
// own, signed by the keys that the liar was given. Indices and sizes are those of the true log.
//
// It remembers what it has said for as long as it lives, whatever becomes of the engine. No I/O but
// reads of the engine's store. One thread.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/engine/engine.h"
#include "core/crypto/signer.h"
#include "core/exchange/directory.h"
#include "core/ledger/tree.h"
#include "tests/liar/lies.h"

namespace chancery::test {

// The witness of a member that is in league with the hub: it cosigns whatever it is asked to.
struct LyingWitness {
  std::string member;
  crypto::Signer* signer = nullptr;
};

class Liar {
 public:
  // The keys have to live as long.
  Liar(LieOrder order, const Hash& genesis, std::vector<crypto::Signer*> log_keys,
       std::vector<LyingWitness> witnesses = {});

  [[nodiscard]] std::vector<broker::Outgoing> filter(const broker::Engine& engine,
                                                     std::vector<broker::Outgoing> all);
  // What the engine is to take for the frame.
  [[nodiscard]] std::string hear(const broker::Engine& engine, broker::PeerHandle peer,
                                 const Hash& transport_key_id, std::string frame);

  [[nodiscard]] const LieOrder& order() const { return order_; }
  // Something false was sent, or something true was not.
  [[nodiscard]] bool told() const { return told_; }

 private:
  struct Extra {  // Delivered, and not as the hub has it.
    std::uint64_t index = 0;
    std::uint64_t previous = 0;
    exchange::Lane lane = exchange::Lane::kPatient;
    std::string envelope;
  };
  struct Of {  // The member's feeds, a part of them.
    exchange::Lane lane = exchange::Lane::kPatient;
    broker::FeedEntry entry;
    exchange::Envelope envelope;
  };

  // The true log, as far as it goes, and what is made of it.
  Result<void> grow(const broker::Engine& engine);
  Result<void> append(broker::HubStore& store, v1::LogBatch batch);
  Result<void> strike(broker::HubStore& store, v1::LogBatch& batch);
  Result<void> strike_notices(broker::HubStore& store, v1::LogBatch& batch);
  void strike_pair(const std::vector<Of>& feed, v1::LogBatch& batch);
  Result<void> fold(v1::LogBatch& batch);
  Result<std::string> sign(const ledger::CompactTree& tree);
  Result<std::vector<Of>> feed_of(broker::HubStore& store, std::uint64_t from, std::uint64_t end);
  // At `index`, the first of others that the member was ever sent. False where it was sent none.
  Result<bool> put_extra(broker::HubStore& store, std::uint64_t index);

  void alter(broker::HubStore& store, broker::Outgoing outgoing,
             std::vector<broker::Outgoing>& sent);
  // False where it is not sent at all.
  bool alter(broker::HubStore& store, broker::PeerHandle peer, v1::DownMessage& message);
  bool alter_batches(v1::Batches& batches);
  bool alter_deliver(broker::HubStore& store, v1::Deliver& deliver);
  bool alter_head(v1::RoundResult& result);
  // The head of the log that the member is shown, with the lines of the witnesses that lie.
  [[nodiscard]] std::optional<std::string> cosigned(std::uint64_t size) const;
  void alter_pong(v1::Pong& pong) const;
  void alter_welcome(broker::PeerHandle peer, v1::Welcome& welcome);
  [[nodiscard]] bool is_withheld(const v1::Delivery& delivery);
  [[nodiscard]] std::uint64_t mended(std::uint64_t previous) const;
  static void add_to(v1::Deliver& deliver, const Extra& extra);
  void add_extra(broker::PeerHandle peer, std::vector<broker::Outgoing>& sent);
  [[nodiscard]] bool shows_another_log() const;
  // Whether a head of this size would show what is kept back.
  [[nodiscard]] bool shows_too_much(std::uint64_t size) const;

  LieOrder order_;
  Hash genesis_;
  std::vector<crypto::Signer*> log_keys_;
  std::vector<LyingWitness> witnesses_;
  crypto::KeySigner another_key_;
  bool told_ = false;
  // The first entry that is false, or the size from which on something is kept back.
  std::optional<std::uint64_t> struck_;
  std::map<broker::PeerHandle, std::string> members_;       // By connection.
  std::map<broker::PeerHandle, std::uint64_t> greeted_at_;  // What the node had followed then.

  ledger::CompactTree true_tree_;
  ledger::CompactTree tree_;  // That the member is shown.
  exchange::Directory directory_;
  exchange::RootCache cache_;
  std::map<std::uint64_t, v1::LogBatch> batches_;  // From the lie on, by their first index.
  struct Roots {
    Hash is{};
    Hash shown{};
  };
  std::map<std::uint64_t, Roots> roots_;  // By size.

  std::map<std::uint64_t, std::uint64_t> withheld_;  // Each with the `previous` that it had.
  std::optional<std::uint64_t> dropped_;
  std::map<std::uint64_t, std::uint64_t> swapped_;
  std::optional<Extra> extra_;
  std::string silenced_;  // Of whom nothing is delivered.
  std::string old_head_;
};

}  // namespace chancery::test
