// EvidenceLog: a founded exchange and its log, and the parts of evidence files of what is logged.
// A base for test fixtures.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/exchange/envelope.h"
#include "core/exchange/evidence.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/leaf.h"
#include "tests/support/exchange.h"
#include "tests/support/log.h"

namespace chancery::test {

inline constexpr std::uint64_t kTimeS = 1'800'000'000;

class EvidenceLog {
 protected:
  explicit EvidenceLog(const ExchangeOptions& options = {});

  // Sealed, and in a batch of its own. The index.
  std::uint64_t publish(const v1::Draft& draft, std::string_view text);
  void enter(const std::string& entry) { log_.append_entry(entry); }

  [[nodiscard]] exchange::Envelope envelope_at(std::uint64_t index) const;
  [[nodiscard]] std::vector<ledger::Leaf> leaves() const;
  [[nodiscard]] std::string leaf_at(std::uint64_t index) const;
  [[nodiscard]] std::vector<Hash> path_of(std::uint64_t index) const;
  [[nodiscard]] exchange::LoggedRecord record(std::uint64_t index, bool hidden = false) const;
  [[nodiscard]] exchange::LoggedLeaf head_of(std::uint64_t size) const;

  // The head, cosigned by these members' witnesses, each a second after the one before.
  [[nodiscard]] std::string note(const std::vector<std::string>& members,
                                 std::uint64_t time_s = kTimeS) const;
  [[nodiscard]] std::string note_over(std::uint64_t size, const Hash& root,
                                      const std::vector<std::string>& members,
                                      std::uint64_t time_s = kTimeS) const;
  [[nodiscard]] static std::string line_of(const std::string& member,
                                           const ledger::Checkpoint& head, std::uint64_t time_s,
                                           int node = 1);

  // Under the head; without counts and heads.
  [[nodiscard]] exchange::EvidenceParts parts_of(
      std::uint64_t notice, const std::vector<std::uint64_t>& about,
      const std::vector<std::string>& witnesses = four_members) const;

  // The log refers to the exchange.
  EvidenceLog(const EvidenceLog&) = delete;
  EvidenceLog& operator=(const EvidenceLog&) = delete;
  EvidenceLog(EvidenceLog&&) = delete;
  EvidenceLog& operator=(EvidenceLog&&) = delete;
  ~EvidenceLog() = default;

  TestExchange exchange_;
  TestLog log_{exchange_};
};

}  // namespace chancery::test
