// TestExchange: a founded exchange, its members' keys, and everything that they send, for tests.
//
// Members AM BY KG KZ RU TJ with one node each (or fewer), with voice and witness key; on request
// SEC (an institution) and UN (a partner). Keys, salts, ids and times come from names and counters:
// the same calls make the same bytes in every run. Directories are arguments, so that a test can
// make an entry or a notice on any state, also on one that is no longer, or not yet, in force.
//
//   TestExchange exchange;
//   const Draft draft = exchange.draft("AM", {"BY", "RU"});
//   const std::string envelope = exchange.publish(draft, "a text", exchange.directory());
//
// Steps that cannot fail in a test stop the program with the error.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/directory.pb.h"
#include "chancery/v1/envelope.pb.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/compose.h"
#include "core/exchange/directory.h"
#include "core/exchange/envelope.h"
#include "core/exchange/policy.h"
#include "core/exchange/seal.h"
#include "core/ledger/tree.h"
#include "tests/support/keys.h"

namespace chancery::test {

struct ExchangeOptions {
  std::string name = "trial";  // Another name is another exchange, with the same keys.
  bool institution = false;    // SEC
  bool partner = false;        // UN
  std::size_t node_count = 6;  // So many members have a node, from AM on; SEC and UN do besides.
  // Changes the roster before it is founded on: rights, classifications, rules.
  std::function<void(v1::Roster&)> adjust_roster = {};
};

// A signature as parse_envelope() gives it, and those of an envelope as they were sent.
[[nodiscard]] exchange::Signature carried(const v1::Signature& signature);
[[nodiscard]] v1::Signatures signatures_of(const exchange::Envelope& envelope);

// As many as must assent to a roster.
inline const std::vector<std::string> four_members = {"AM", "BY", "KG", "KZ"};

// Of an exchange that is not founded here.
inline constexpr Hash kGenesis = {'g'};

// Header and body of an envelope, not yet signed.
struct Unsigned {
  std::string header;
  std::string body;
  Hash d{};
};

[[nodiscard]] std::string authority_name(std::string_view member);
// "AM node 1 signing": `use` is signing, witness, sealing or transport.
[[nodiscard]] std::string node_key_name(std::string_view member, int node, std::string_view use);
[[nodiscard]] std::string person_name(std::string_view member, int person);

// A member of the roster that may publish and receive everything up to the highest classification.
[[nodiscard]] v1::Member roster_member(std::string_view code, v1::MemberRole role);
// The roster that an exchange of these options is founded on.
[[nodiscard]] v1::Roster founding_roster(const ExchangeOptions& options);
[[nodiscard]] v1::DirectoryEntry node_entry(std::string_view member, int node = 1,
                                            bool voice = true, bool witness = true);
[[nodiscard]] v1::DirectoryEntry person_entry(std::string_view member, int person = 1);
[[nodiscard]] v1::DirectoryEntry revocation_of(const Hash& key_id);
[[nodiscard]] v1::DirectoryEntry state_entry(std::string_view name, std::string_view value);
[[nodiscard]] v1::DirectoryEntry roster_entry(const v1::Roster& roster);
// Who must sign the enrolment of a node or a person, by names of keys.
[[nodiscard]] std::vector<std::string> enrolment_signers(const v1::DirectoryEntry& entry);

class TestExchange {
 public:
  explicit TestExchange(const ExchangeOptions& options = {});

  [[nodiscard]] const Hash& genesis() const { return genesis_; }
  [[nodiscard]] const v1::Roster& roster() const { return directory_.roster(); }
  // The first roster, then an enrolment for each member: envelopes, in log order.
  [[nodiscard]] const std::vector<std::string>& founding_entries() const { return entries_; }
  [[nodiscard]] v1::FoundingFile founding_file() const;
  // What the founding entries fold to.
  [[nodiscard]] const exchange::Directory& directory() const { return directory_; }
  [[nodiscard]] exchange::RootCache& cache() { return cache_; }

  [[nodiscard]] exchange::Envelope parse(std::string_view envelope) const;
  // Salt and time of the next header; times rise with each call. `log_seen` is what see() said, or
  // size 0.
  [[nodiscard]] exchange::Stamp next_stamp();
  void see(const ledger::CompactTree& log) { seen_ = exchange::tree_head(log.size(), log.root()); }

  // A directory entry: fills slot and replaces as `on` has them where they are empty, and signs
  // with the keys of these names. An envelope.
  [[nodiscard]] std::string entry(v1::DirectoryEntry content, std::span<const std::string> signers,
                                  const exchange::Directory& on, std::string_view origin = "AM");
  // The same for a roster, signed by these members' authorities.
  [[nodiscard]] std::string next_roster(const v1::Roster& roster,
                                        std::span<const std::string> members,
                                        const exchange::Directory& on);
  [[nodiscard]] std::string enrol(const v1::DirectoryEntry& enrolment,
                                  const exchange::Directory& on);

  // A Text of this subject: what a clear body has to be (C-98). With the least that its kind asks
  // for, where a node has to publish it (C-175): of threat.alert and contact.
  [[nodiscard]] static std::string text_of(std::string_view subject, std::string_view kind = {});
  // A threat.alert, routine and actual, with a fresh id; without text_digest, which sealing sets.
  [[nodiscard]] v1::Draft draft(std::string_view origin, const std::vector<std::string>& recipients,
                                std::string_view kind = "threat.alert");
  [[nodiscard]] Unsigned clear(v1::Draft draft, std::string_view text);
  // Sealed to whom `on` says. The texts are sealed under one content key: drafts of one origin to
  // the same recipients.
  [[nodiscard]] std::vector<Unsigned> seal(std::vector<v1::Draft> drafts,
                                           std::span<const std::string> texts,
                                           const exchange::Directory& on);
  [[nodiscard]] Unsigned seal(const v1::Draft& draft, std::string_view text,
                              const exchange::Directory& on);
  // Envelopes signed together, in this order, by the key of this name.
  [[nodiscard]] std::vector<std::string> sign(std::span<const Unsigned> batch,
                                              std::string_view signer) const;
  [[nodiscard]] std::string sign(const Unsigned& one, std::string_view signer) const;
  // Seals and signs with node 1 of the origin. The envelope.
  [[nodiscard]] std::string publish(const v1::Draft& draft, std::string_view text,
                                    const exchange::Directory& on);

 private:
  Hash genesis_{};
  std::vector<std::string> entries_;
  exchange::RootCache cache_;
  exchange::Directory directory_{Hash{}};
  std::uint64_t counter_ = 0;
  v1::TreeHead seen_ = exchange::tree_head(0, ledger::tree_root({}));
};

}  // namespace chancery::test
