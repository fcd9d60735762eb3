#include "tests/sim/lying_member.h"

#include <utility>

#include "core/exchange/completeness.h"
#include "core/exchange/envelope.h"

namespace chancery::sim {
namespace {

constexpr Micros kAgainAfter = 5 * kSecond;

}  // namespace

LyingMember::LyingMember(Surroundings& around, HubMachine& hub, Authorities& authorities,
                         std::string member, int key_number, std::vector<std::string> members,
                         Random random)
    : around_(around),
      hub_(hub),
      authorities_(authorities),
      member_(std::move(member)),
      key_number_(key_number),
      others_(std::move(members)),
      random_(random) {
  std::erase(others_, member_);
}

void LyingMember::start() {
  authorities_.enrol(member_, key_number_, [this] { lie(); });
}

void LyingMember::lie() {
  if (unnoticed_.empty()) {
    return;
  }
  if (hub_.runs()) {
    const broker::Sequencer& sequencer = hub_.engine()->hub().sequencer();
    around_.exchange.see(sequencer.tree());
    if (unnoticed_.contains("bodies")) {
      tell_bodies(sequencer.directory());
    }
    if (unnoticed_.contains("seal")) {
      tell_seal(sequencer.directory());
    }
    if (unnoticed_.contains("statement")) {
      tell_statement(sequencer.directory());
    }
  }
  around_.scheduler.after(kAgainAfter, [this] { lie(); });
}

v1::Draft LyingMember::draft(std::string_view kind) {
  return around_.exchange.draft(member_, {others_[random_.below(others_.size())]}, kind);
}

void LyingMember::hand_in(const test::Unsigned& made) {
  const std::string signer = test::node_key_name(member_, key_number_, "signing");
  hub_.hand_in(around_.exchange.sign(made, signer), member_);
}

void LyingMember::publish(const v1::Draft& draft, const std::string& subject, bool opens) {
  published_.push_back({.origin = member_,
                        .node = member_ + "'s liar",
                        .number = published_.size(),
                        .notice_id = draft.notice_id(),
                        .subject = subject,
                        .kind = draft.kind(),
                        .recipients = {draft.recipients(0).member()},
                        .asked_first = around_.scheduler.now(),
                        .opens = opens});
}

void LyingMember::tell_bodies(const exchange::Directory& directory) {
  const v1::Draft both = draft("threat.alert");
  around_.trace.tell(member_, "has two bodies under one id");
  publish(both, "one", true);
  hand_in(around_.exchange.seal(both, test::TestExchange::text_of("one", both.kind()), directory));
  hand_in(
      around_.exchange.seal(both, test::TestExchange::text_of("other", both.kind()), directory));
}

void LyingMember::tell_seal(const exchange::Directory& directory) {
  const v1::Draft sealed = draft("threat.alert");
  around_.trace.tell(member_, "has a seal that does not open");
  publish(sealed, "sealed", false);
  test::Unsigned made = around_.exchange.seal(
      sealed, test::TestExchange::text_of("sealed", sealed.kind()), directory);
  v1::Body body;
  CHANCERY_CHECK(body.ParseFromString(made.body));
  std::string& ciphertext = *body.mutable_sealed()->mutable_ciphertext();
  ciphertext.front() = static_cast<char>(ciphertext.front() ^ 1);
  made.body = body.SerializeAsString();
  made.d = exchange::envelope_hash(around_.exchange.genesis(), made.header, made.body);
  hand_in(made);
}

void LyingMember::tell_statement(const exchange::Directory& directory) {
  const ledger::CompactTree& tree = hub_.engine()->hub().sequencer().tree();
  const v1::Draft stated = draft(exchange::kStatementKind);
  around_.trace.tell(member_, "has a statement that is false");
  exchange::PairCount count;
  count.size = tree.size();
  count.add(/*own=*/false, Hash{1});
  const std::string text = exchange::statement_text(
      count,
      {.peer = stated.recipients(0).member(), .root = tree.root(), .early = {}, .unopenable = {}});
  hand_in(around_.exchange.seal(stated, text, directory));
}

}  // namespace chancery::sim
