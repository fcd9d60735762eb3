#include "core/exchange/pair_audit.h"

#include <algorithm>
#include <limits>
#include <map>

#include "core/exchange/completeness.h"
#include "core/exchange/seal.h"
#include "core/ledger/tree.h"

namespace chancery::exchange {
namespace {

// So many notices are tried to find the one that a statement does not count.
constexpr std::size_t kLeftOutMax = 256;

bool counts(const PairNotice& notice) {
  return notice.fate != PairFate::kVoid;
}

PairFate fate_of(const v1::AuditEntry& entry, const Envelope& envelope) {
  if (entry.faulted()) {
    return PairFate::kVoid;
  }
  if (envelope.erased.has_value()) {
    return PairFate::kErased;
  }
  return entry.code() != 0 && !entry.shown() ? PairFate::kUnopenable : PairFate::kGood;
}

PairStatement::Count count_of(const v1::Count& said) {
  return {.count = said.count(), .root = hash_from(said.root())};
}

PairStatement::Count count_of(const ledger::CompactTree& tree) {
  return {.count = tree.size(), .root = tree.root()};
}

std::string below(std::uint64_t size) {
  return "below entry " + std::to_string(size);
}

}  // namespace

PairReader::PairReader(const Hash& genesis, PairNames names, PairSide holder)
    : genesis_(genesis), names_(std::move(names)) {
  record_.holder = holder;
}

std::optional<PairSide> PairReader::side_of(std::string_view member) const {
  for (const PairSide side : {PairSide::kFirst, PairSide::kSecond}) {
    if (names_.at(std::to_underlying(side)) == member) {
      return side;
    }
  }
  return std::nullopt;
}

void PairReader::batch(const v1::AuditBatch& batch, Auditor& auditor) {
  const std::uint64_t end = batch.first_index() + batch.leaves().size() / ledger::kLeafBytes;
  const std::optional<Hash> root = auditor.root_at(end);
  if (!root.has_value()) {
    return;  // It was not found good.
  }
  record_.size = end;
  record_.heads.emplace_back(end, *root);
  for (const v1::AuditEntry& entry : batch.entries()) {
    const std::uint64_t position = entry.index() - batch.first_index();
    if (entry.index() < batch.first_index() || entry.index() >= end) {
      continue;
    }
    const Result<ledger::Leaf> leaf = ledger::parse_leaf(
        as_bytes(std::string_view(batch.leaves())
                     .substr(position * ledger::kLeafBytes, ledger::kLeafBytes)));
    if (leaf.has_value() && leaf->type == ledger::LeafType::kNotice) {
      take(entry, *leaf, auditor);
    }
  }
}

void PairReader::take(const v1::AuditEntry& entry, const ledger::Leaf& leaf, Auditor& auditor) {
  // What one sent may not have come back yet: then the outbox has it.
  const std::string& bytes =
      entry.envelope().empty() ? entry.outbox().envelope() : entry.envelope();
  const Result<Envelope> envelope = parse_envelope(bytes, genesis_, Bodies::kMaybeErased);
  if (!envelope.has_value() || envelope->entry != leaf.entry) {
    return;
  }
  const std::optional<PairSide> origin = side_of(envelope->draft.origin());
  if (!origin.has_value() ||
      !std::ranges::any_of(envelope->draft.recipients(), [&](const v1::Recipient& recipient) {
        return recipient.member() == names_.at(std::to_underlying(other(*origin)));
      })) {
    return;
  }
  if (envelope->draft.kind() == kStatementKind) {
    take_statement(entry, *envelope, *origin, auditor, leaf.accepted_at_ms);
    return;
  }
  record_.notices.push_back({.index = entry.index(),
                             .accepted_at_ms = leaf.accepted_at_ms,
                             .notice = envelope->notice,
                             .d = envelope->d,
                             .origin = *origin,
                             .fate = fate_of(entry, *envelope)});
}

void PairReader::take_statement(const v1::AuditEntry& entry, const Envelope& envelope, PairSide by,
                                Auditor& auditor, std::uint64_t accepted_at_ms) {
  std::string text = envelope.body.clear();
  if (envelope.body_bytes.empty() || envelope.sealed()) {
    Result<std::string> unpadded = unpad_text(entry.plaintext());
    text = unpadded.has_value() ? *std::move(unpadded) : "";
  }
  const std::string& peer = names_.at(std::to_underlying(other(by)));
  const Result<v1::Statement> said = parse_statement(text, peer, entry.index());
  if (entry.faulted() || !said.has_value()) {
    return;
  }
  const std::optional<Hash> root = auditor.root_at(said->size());
  PairStatement& statement = record_.statements.emplace_back();
  statement = {.by = by,
               .index = entry.index(),
               .accepted_at_ms = accepted_at_ms,
               .size = said->size(),
               .of_this_log = root.has_value() && as_view(*root) == said->root()};
  statement.sent.at(std::to_underlying(by)) = count_of(said->sent());
  statement.sent.at(std::to_underlying(other(by))) = count_of(said->received());
}

PairRecord PairReader::finish() {
  std::ranges::sort(record_.notices, {}, &PairNotice::index);
  std::ranges::sort(record_.statements, {}, &PairStatement::index);
  return std::move(record_);
}

PairVerdict PairReport::verdict() const {
  return !findings.empty() ? PairVerdict::kFalsified
         : !open.empty()   ? PairVerdict::kOpen
                           : PairVerdict::kVerified;
}

namespace {

enum class Agreement : std::uint8_t { kYes, kNo, kUnknown };

class Judge {
 public:
  Judge(const PairNames& names, std::span<const PairRecord> records)
      : names_(names), records_(records) {}

  Result<PairReport> run(const PairRange& range) {
    collect_statements();
    report_.from = range.from;
    report_.to = range.to.value_or(
        std::min({newest_size(PairSide::kFirst), newest_size(PairSide::kSecond), shortest_log()}));
    if (report_.from > report_.to) {
      return fail(ErrorCode::kUsage, "a range from " + std::to_string(report_.from) + " to " +
                                         std::to_string(report_.to) + " has nothing in it");
    }
    check_same_log();
    check_reach();
    for (const PairRecord& record : records_) {
      count(record);
      compare_statements(record);
    }
    for (const PairSide side : {PairSide::kFirst, PairSide::kSecond}) {
      judge_statements(side);
    }
    compare_records();
    return std::move(report_);
  }

 private:
  // A statement, and what came of holding it against the records.
  struct Judged {
    PairStatement said;
    Agreement agreement = Agreement::kYes;
    std::vector<AuditFinding> against;
    std::string unknown;
  };

  [[nodiscard]] const std::string& name(PairSide side) const {
    return names_.at(std::to_underlying(side));
  }
  [[nodiscard]] std::uint64_t newest_size(PairSide side) const {
    return report_.stated.at(std::to_underlying(side));
  }
  [[nodiscard]] std::uint64_t shortest_log() const {
    return std::ranges::min(records_, {}, &PairRecord::size).size;
  }
  void find(std::optional<std::uint64_t> index, ErrorCode code, std::string detail) {
    if (report_.findings.size() < PairReport::kFindingsMax) {
      report_.findings.push_back({.index = index, .error = {code, std::move(detail)}});
    }
  }

  void collect_statements() {
    std::map<std::uint64_t, Judged> by_index;
    for (const PairRecord& record : records_) {
      for (const PairStatement& said : record.statements) {
        by_index.try_emplace(said.index, Judged{.said = said, .against = {}, .unknown = {}});
        std::uint64_t& stated = report_.stated.at(std::to_underlying(said.by));
        stated = std::max(stated, said.size);
      }
    }
    for (auto& [index, judged] : by_index) {
      if (!judged.said.of_this_log) {
        judged.agreement = Agreement::kNo;
        judged.against.push_back(
            {.index = index,
             .error = {ErrorCode::kForeignLog, "the statement of " + name(judged.said.by) +
                                                   " names another root of the log " +
                                                   below(judged.said.size)}});
      }
      statements_.push_back(std::move(judged));
    }
    std::ranges::sort(statements_, {},
                      [](const Judged& one) { return std::pair(one.said.size, one.said.index); });
  }

  void check_same_log() {
    if (records_.size() < 2) {
      return;
    }
    const bool first_is_longer = records_[0].size >= records_[1].size;
    const PairRecord& longer = records_[first_is_longer ? 0 : 1];
    const PairRecord& shorter = records_[first_is_longer ? 1 : 0];
    if (shorter.heads.empty()) {
      return;
    }
    const auto& [size, root] = shorter.heads.back();
    const auto head =
        std::ranges::lower_bound(longer.heads, size, {}, [](const auto& one) { return one.first; });
    if (head == longer.heads.end() || head->first != size || head->second != root) {
      find(std::nullopt, ErrorCode::kForeignLog,
           "the two nodes followed different logs: of the first " + std::to_string(size) +
               " entries they have different roots");
    }
  }

  void check_reach() {
    for (const PairRecord& record : records_) {
      if (record.size < report_.to) {
        report_.open.push_back("the records of " + name(record.holder) + " end at " +
                               std::to_string(record.size));
      }
    }
  }

  void count(const PairRecord& record) {
    std::array<std::uint64_t, 2> counted{};
    for (const PairNotice& notice : record.notices) {
      if (notice.index < report_.from || notice.index >= report_.to) {
        continue;
      }
      PairReport::Way& way = report_.ways.at(std::to_underlying(notice.origin));
      counted.at(std::to_underlying(notice.origin)) += counts(notice) ? 1U : 0U;
      if (notice.origin != record.holder) {
        way.unopenable += notice.fate == PairFate::kUnopenable ? 1U : 0U;
        way.void_count += notice.fate == PairFate::kVoid ? 1U : 0U;
      }
    }
    report_.ways.at(std::to_underlying(record.holder)).sent =
        counted.at(std::to_underlying(record.holder));
    report_.ways.at(std::to_underlying(other(record.holder))).arrived =
        counted.at(std::to_underlying(other(record.holder)));
  }

  // Of one record: what each sent, counted on from one statement's size to the next.
  struct Counts {
    std::array<ledger::CompactTree, 2> sent;
    std::size_t next = 0;  // Position in the record's notices.
  };

  void compare_statements(const PairRecord& record) {
    Counts now;
    // By who stated: what its last statement that could be explained counted. Without what it was
    // found to leave out, until it counts that after all.
    std::array<Counts, 2> explained;
    for (Judged& judged : statements_) {
      const PairStatement& said = judged.said;
      if (said.size > record.size) {
        unknown(judged, "the records of " + name(record.holder) + " end at " +
                            std::to_string(record.size) + ", before " + statement_of(said));
        continue;
      }
      while (now.next < record.notices.size() && record.notices[now.next].index < said.size) {
        add(now.sent, record.notices[now.next++]);
      }
      Counts& last = explained.at(std::to_underlying(said.by));
      if (is_count_of(said, now.sent)) {
        last = now;
      } else if (has_more(now.sent, said) || is_whole(record, said)) {
        judged.agreement = Agreement::kNo;
        explain(record, judged, last, now);
      } else {
        unknown(judged, name(record.holder) + " has not stated yet what " + name(said.by) +
                            " did at entry " + std::to_string(said.index));
      }
    }
  }

  // What a record lacks says nothing while its node has not stated as far; what it has does.
  [[nodiscard]] bool is_whole(const PairRecord& record, const PairStatement& said) const {
    return record.holder == said.by || newest_size(record.holder) >= said.size;
  }

  static bool has_more(const std::array<ledger::CompactTree, 2>& sent, const PairStatement& said) {
    return sent[0].size() > said.sent[0].count || sent[1].size() > said.sent[1].count;
  }

  static void unknown(Judged& judged, std::string why) {
    judged.agreement = judged.agreement == Agreement::kNo ? Agreement::kNo : Agreement::kUnknown;
    judged.unknown = std::move(why);
  }

  static void add(std::array<ledger::CompactTree, 2>& sent, const PairNotice& notice) {
    if (counts(notice)) {
      sent.at(std::to_underlying(notice.origin)).append(ledger::leaf_hash(notice.d));
    }
  }

  static bool is_count_of(const PairStatement& said,
                          const std::array<ledger::CompactTree, 2>& sent) {
    return said.sent[0] == count_of(sent[0]) && said.sent[1] == count_of(sent[1]);
  }

  [[nodiscard]] std::string statement_of(const PairStatement& said) const {
    return "the statement of " + name(said.by) + " at entry " + std::to_string(said.index);
  }

  void explain(const PairRecord& record, Judged& judged, Counts& last, const Counts& now) const {
    const PairStatement& said = judged.said;
    Counts next{.sent = last.sent, .next = now.next};
    for (std::size_t at = last.next; at < now.next; ++at) {
      add(next.sent, record.notices[at]);
    }
    bool all = true;
    for (const PairSide way : {PairSide::kFirst, PairSide::kSecond}) {
      const PairStatement::Count& theirs = said.sent.at(std::to_underlying(way));
      ledger::CompactTree& ours = next.sent.at(std::to_underlying(way));
      if (theirs == count_of(ours)) {
        continue;
      }
      if (const std::optional<std::uint64_t> index =
              find_left_out(record, way, theirs, last, now.next, ours)) {
        judged.against.push_back(
            {.index = index,
             .error = {ErrorCode::kStatementMismatch,
                       statement_of(said) + " does not count it, and the records of " +
                           name(record.holder) + " have it"}});
        continue;
      }
      all = false;
      const std::uint64_t count = now.sent.at(std::to_underlying(way)).size();
      judged.against.push_back(
          {.index = said.index,
           .error = {ErrorCode::kStatementMismatch,
                     statement_of(said) + " counts " + std::to_string(theirs.count) +
                         " notices of " + name(way) + " " + below(said.size) + ", the records of " +
                         name(record.holder) + " have " + std::to_string(count) +
                         (theirs.count == count ? ", and not the same ones" : "")}});
    }
    if (all) {
      last = std::move(next);
    }
  }

  // The one notice without which the record's count is theirs, if there is one: of those since what
  // was explained last. `ours` is without it then.
  static std::optional<std::uint64_t> find_left_out(const PairRecord& record, PairSide way,
                                                    const PairStatement::Count& theirs,
                                                    const Counts& last, std::size_t end,
                                                    ledger::CompactTree& ours) {
    std::vector<const PairNotice*> since;
    for (std::size_t at = last.next; at < end; ++at) {
      const PairNotice& notice = record.notices[at];
      if (notice.origin == way && counts(notice)) {
        since.push_back(&notice);
      }
    }
    if (since.size() > kLeftOutMax || ours.size() != theirs.count + 1) {
      return std::nullopt;
    }
    for (const PairNotice* const left_out : since) {
      ledger::CompactTree tree = last.sent.at(std::to_underlying(way));
      for (const PairNotice* const notice : since) {
        if (notice != left_out) {
          tree.append(ledger::leaf_hash(notice->d));
        }
      }
      if (tree.root() == theirs.root) {
        ours = std::move(tree);
        return left_out->index;
      }
    }
    return std::nullopt;
  }

  // The last word counts, since each is of all from the first entry on (C-193).
  void judge_statements(PairSide side) {
    std::optional<PairStatement>& cover = report_.covers.at(std::to_underlying(side));
    std::uint64_t agreed_to = 0;
    std::string unknown;
    for (const Judged& judged : statements_) {
      if (judged.said.by != side || cover.has_value()) {
        continue;
      }
      if (judged.agreement == Agreement::kYes) {
        agreed_to = judged.said.size;
        if (judged.said.size >= report_.to) {
          cover = judged.said;
        }
      } else if (judged.agreement == Agreement::kUnknown) {
        unknown = judged.unknown;
      }
    }
    bool contradicted = false;
    for (const Judged& judged : statements_) {
      if (judged.said.by != side || judged.agreement != Agreement::kNo ||
          (cover.has_value() && judged.said.size > cover->size)) {
        continue;
      }
      const bool is_mended = judged.said.size <= agreed_to;
      contradicted = contradicted || !is_mended;
      std::vector<AuditFinding>& found = is_mended ? report_.mended : report_.findings;
      for (const AuditFinding& against : judged.against) {
        if (found.size() < PairReport::kFindingsMax) {
          found.push_back(against);
        }
      }
    }
    if (!cover.has_value() && !contradicted) {
      report_.open.push_back(!unknown.empty() ? unknown
                             : newest_size(side) == 0
                                 ? name(side) + " has stated nothing"
                                 : name(side) + " has stated no more than what is " +
                                       below(newest_size(side)));
    }
  }

  void compare_records() {
    if (records_.size() < 2) {
      return;
    }
    const std::vector<PairNotice>& ones = records_[0].notices;
    const std::vector<PairNotice>& others = records_[1].notices;
    std::size_t one = 0;
    std::size_t other_one = 0;
    const auto index_at = [](const std::vector<PairNotice>& notices, std::size_t at) {
      return at < notices.size() ? notices[at].index : std::numeric_limits<std::uint64_t>::max();
    };
    while (true) {
      const std::uint64_t first = index_at(ones, one);
      const std::uint64_t second = index_at(others, other_one);
      if (std::min(first, second) >= report_.to) {
        return;
      }
      if (first == second) {
        judge_both(ones[one++], others[other_one++]);
      } else if (first < second) {
        judge_lack(ones[one++], records_[1]);
      } else {
        judge_lack(others[other_one++], records_[0]);
      }
    }
  }

  void judge_both(const PairNotice& one, const PairNotice& other_one) {
    if (counts(one) != counts(other_one)) {
      find(one.index, ErrorCode::kStatementMismatch,
           "it is void by the records of " + name(records_[counts(one) ? 1 : 0].holder) +
               " and good by those of " + name(records_[counts(one) ? 0 : 1].holder));
    }
  }

  // `record` has not what the other one has.
  void judge_lack(const PairNotice& notice, const PairRecord& record) {
    if (!counts(notice)) {
      return;
    }
    const std::string what = notice.origin == record.holder
                                 ? name(other(record.holder)) + " has it as sent by " +
                                       name(record.holder) + ", whose records do not have it"
                                 : name(notice.origin) + " sent it, and the records of " +
                                       name(record.holder) + " do not have it";
    if (newest_size(record.holder) > notice.index) {
      find(notice.index, ErrorCode::kStatementMismatch, what);
    } else {
      report_.open.push_back("entry " + std::to_string(notice.index) + ": " + what +
                             "; nor has it stated as far");
    }
  }

  const PairNames& names_;
  std::span<const PairRecord> records_;
  std::vector<Judged> statements_;  // By size.
  PairReport report_;
};

}  // namespace

Result<PairReport> judge_pair(const PairNames& names, std::span<const PairRecord> records,
                              const PairRange& range) {
  CHANCERY_CHECK(!records.empty());
  return Judge(names, records).run(range);
}

}  // namespace chancery::exchange
