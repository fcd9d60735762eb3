// What the hub does with a batch of notices, step by step, and with a round of witnesses.

#include "broker/core/hub.h"

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/micro/inputs.h"
#include "broker/core/rounds.h"
#include "broker/core/sequencer.h"
#include "broker/store/sqlite_hub_store.h"
#include "core/exchange/deliver_frame.h"
#include "core/exchange/lane.h"
#include "core/exchange/limits.h"
#include "core/exchange/strict.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/note.h"
#include "core/ledger/proof.h"
#include "core/ledger/tile_proofs.h"
#include "node/core/witness.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"

namespace chancery::micro {
namespace {

using benchmark::DoNotOptimize;
using test::must;

const std::vector<std::string> six_members = {"AM", "BY", "KG", "KZ", "RU", "TJ"};
const std::vector<std::string> log_key_names = {"hub log 1"};
constexpr std::size_t kPage = 64;               // What a member is sent at once …
constexpr std::size_t kPagesOfSix = 6 * kPage;  // … and all together.

// A hub with its store and the nodes of six members, who take all that is for them at once.
class BusyHub {
 public:
  BusyHub() {
    broker::Sequencer& sequencer = hub_.sequencer();
    for (const std::string& entry : exchange_.founding_entries()) {
      must(sequencer.offer(0, std::nullopt, entry));
      look_up();
      decide();
      write();
      sequencer.committed();
    }
    for (std::size_t i = 0; i < six_members.size(); ++i) {
      v1::UpMessage hello;
      hello.mutable_hello()->set_protocol(1);
      hello.mutable_hello()->set_genesis(to_string(exchange_.genesis()));
      hello.mutable_hello()->set_instance(std::string(exchange::kInstanceBytes, 'i'));
      say(i, hello);
      credit(i);
    }
    static_cast<void>(hub_.take_outgoing());
  }

  // A batch, as AM's node hands it in: clear notices to five members.
  void make() {
    exchange_.see(hub_.sequencer().tree());
    std::vector<test::Unsigned> notices;
    notices.reserve(kTogether);
    for (std::size_t i = 0; i < kTogether; ++i) {
      notices.push_back(
          exchange_.clear(exchange_.draft("AM", five_members, "contact"), text("contact")));
    }
    v1::UpMessage message;
    for (std::string& envelope : exchange_.sign(notices, signing_of("AM"))) {
      message.mutable_submit()->add_envelopes(std::move(envelope));
    }
    frame_ = message.SerializeAsString();
  }
  void receive() { must(hub_.receive(peer_of(0), transport_ids_[0], frame_)); }
  void look_up() { answers_ = must(store_->answer(hub_.sequencer().begin())); }
  void decide() { decision_ = hub_.sequencer().decide(answers_, ++now_ms_); }
  void write() { must(store_->commit(commit())); }
  void read_back() { must(store_->check_batch(hub_.sequencer().tree())); }
  // Followers and submitters.
  void tell() {
    hub_.sequencer().committed();
    hub_.committed(commit(), note_, decision_.outcomes);
    take_outgoing();
  }
  // The next page of each member.
  void read_feeds() {
    reads_ = hub_.take_feed_reads();
    pages_.clear();
    for (const broker::FeedRead& read : reads_) {
      pages_.push_back(must(store_->read_feed(read, read.bytes_max)));
    }
  }
  void deliver() {
    for (std::size_t i = 0; i < reads_.size(); ++i) {
      hub_.feed(reads_[i], pages_[i]);
    }
    take_outgoing();
  }

  // The rest of the pages, and the members' word that they have stored them. False where not all of
  // the batch was logged and delivered to each, or the first pages were not full.
  [[nodiscard]] bool settle() {
    const std::size_t logged = commit().entries.size();
    std::size_t read = 0;
    for (const std::vector<broker::FeedEntry>& page : pages_) {
      read += page.size();
    }
    while (!reads_.empty()) {
      read_feeds();
      deliver();
    }
    std::size_t delivered = 0;
    for (const broker::Outgoing& each : outgoing_) {
      delivered += static_cast<std::size_t>(
          must(exchange::parse_wire<v1::DownMessage>(each.message)).deliver().deliveries_size());
    }
    outgoing_.clear();
    for (std::size_t i = 0; i < six_members.size(); ++i) {
      credit(i);
    }
    hub_.sequencer().spare(std::exchange(decision_.commit, {}).value_or(broker::Commit{}).entries);
    return logged == kTogether && read == kPagesOfSix &&
           delivered == kTogether * six_members.size();
  }

  // All of it.
  [[nodiscard]] bool log_batch();

  [[nodiscard]] const test::TestExchange& exchange() const { return exchange_; }
  [[nodiscard]] broker::HubStore& store() { return *store_; }
  [[nodiscard]] const ledger::CompactTree& tree() const { return hub_.sequencer().tree(); }
  // Of the log as it is.
  [[nodiscard]] std::string signed_checkpoint() const {
    return test::signed_checkpoint(origin(), tree().size(), tree().root(), log_key_names);
  }
  [[nodiscard]] const std::string& origin() const { return exchange_.roster().hub().origin_line(); }

 private:
  [[nodiscard]] static broker::PeerHandle peer_of(std::size_t member) { return member + 1; }
  [[nodiscard]] static std::vector<Hash> transport_ids() {
    std::vector<Hash> ids;
    ids.reserve(six_members.size());
    for (const std::string& member : six_members) {
      ids.push_back(test::agreement_public(test::node_key_name(member, 1, "transport")).id());
    }
    return ids;
  }
  [[nodiscard]] const broker::Commit& commit() const {
    if (!decision_.commit.has_value()) {
      test::stop({ErrorCode::kInternal, "the hub logs nothing of what it was given"});
    }
    return *decision_.commit;
  }
  void say(std::size_t member, const v1::UpMessage& message) {
    must(hub_.receive(peer_of(member), transport_ids_[member], message.SerializeAsString()));
  }
  void credit(std::size_t member) {
    v1::UpMessage message;
    v1::Credit& word = *message.mutable_credit();
    for (v1::Credits* const credits : {word.mutable_credits(), word.mutable_credits_urgent()}) {
      credits->set_items(4096);
      credits->set_bytes(16U << 20U);
    }
    word.set_cursor(tree().size());
    word.set_cursor_urgent(tree().size());
    say(member, message);
  }
  void take_outgoing() {
    for (broker::Outgoing& each : hub_.take_outgoing()) {
      outgoing_.push_back(std::move(each));
    }
  }

  Folder folder_;
  test::TestExchange exchange_;
  std::unique_ptr<broker::HubStore> store_ = must(
      broker::open_sqlite_hub_store(folder_.file(), exchange_.genesis(), broker::StoreUse::kOwn));
  broker::Hub hub_{{.program = "hub of a benchmark",
                    .admission = {},
                    .window = {},
                    .pace = {.bytes_min = 16U << 20U},
                    .log_keys = {test::signing_public(log_key_names.front())}},
                   must(store_->load())};
  std::vector<Hash> transport_ids_ = transport_ids();
  // Any will do: the hub only passes it on.
  std::string note_ = test::signed_checkpoint("example.org/log", 1, Hash{}, log_key_names);
  std::uint64_t now_ms_ = kNowMs;
  std::string frame_;
  broker::Answers answers_;
  broker::Decision decision_;
  std::vector<broker::FeedRead> reads_;
  std::vector<std::vector<broker::FeedEntry>> pages_;
  std::vector<broker::Outgoing> outgoing_;
};

using HubStep = void (BusyHub::*)();
constexpr std::array<HubStep, 8> kStepsOfHub = {
    &BusyHub::receive,   &BusyHub::look_up, &BusyHub::decide,     &BusyHub::write,
    &BusyHub::read_back, &BusyHub::tell,    &BusyHub::read_feeds, &BusyHub::deliver};

bool BusyHub::log_batch() {
  make();
  for (const HubStep step : kStepsOfHub) {
    (this->*step)();
  }
  return settle();
}

// Of all steps of each round, the time of one.
template <typename Whole, std::size_t kCount>
void time_step(benchmark::State& state, const std::array<void (Whole::*)(), kCount>& steps,
               void (Whole::*measured)(), std::size_t items, const char* unsettled) {
  Whole whole;
  for (auto round : state) {
    state.PauseTiming();
    whole.make();
    for (const auto step : steps) {
      if (step == measured) {
        state.ResumeTiming();
        (whole.*step)();
        state.PauseTiming();
      } else {
        (whole.*step)();
      }
    }
    if (!whole.settle()) {
      state.SkipWithError(unsettled);
      break;
    }
    state.ResumeTiming();
  }
  count_items(state, items);
}

// `items`: of the batch's notices, or of deliveries.
void step_of_hub(benchmark::State& state, HubStep measured, std::size_t items) {
  time_step(state, kStepsOfHub, measured, items, "not all was logged and delivered");
}
BENCHMARK_CAPTURE(step_of_hub, receive, &BusyHub::receive, kTogether)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_hub, look_up, &BusyHub::look_up, kTogether)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_hub, decide, &BusyHub::decide, kTogether)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_hub, read_back, &BusyHub::read_back, kTogether)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_hub, tell, &BusyHub::tell, kTogether)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_hub, read_feeds, &BusyHub::read_feeds, kPagesOfSix)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_hub, deliver, &BusyHub::deliver, kPagesOfSix)->Iterations(kRounds);

// A page of sealed notices as the message that delivers it.
void deliver_frame(benchmark::State& state) {
  test::TestExchange exchange;
  const std::vector<std::string> envelopes = sealed_batch(exchange, kPage);
  std::vector<exchange::Delivered> deliveries;
  for (const std::string& envelope : envelopes) {
    const std::uint64_t before = deliveries.size();
    deliveries.push_back({.index = before + 1000, .previous = before + 1000, .envelope = envelope});
  }
  const auto read = must(exchange::parse_wire<v1::DownMessage>(
      exchange::deliver_frame(deliveries, exchange::Lane::kPatient)));
  if (static_cast<std::size_t>(read.deliver().deliveries_size()) != kPage ||
      read.deliver().deliveries().rbegin()->envelope() != envelopes.back()) {
    state.SkipWithError("not what is to be delivered");
  }
  for (auto round : state) {
    DoNotOptimize(exchange::deliver_frame(deliveries, exchange::Lane::kPatient));
  }
  count_items(state, kPage);
}
BENCHMARK(deliver_frame);

// Pages of one member who was away: the store reads them from its file and hashes them, since it
// has forgotten what it wrote.
void read_feed_of_before(benchmark::State& state) {
  constexpr int kBatches = 24;  // More than it keeps, however often they are read.
  BusyHub hub;
  for (int i = 0; i < kBatches; ++i) {
    if (!hub.log_batch()) {
      state.SkipWithError("not all was logged and delivered");
      return;
    }
  }
  const std::uint64_t first = hub.tree().size() - kBatches * kTogether;
  broker::FeedRead read{.member = "BY", .from = first, .count_max = kPage};
  for (auto round : state) {
    const std::vector<broker::FeedEntry> page =
        must(hub.store().read_feed(read, broker::kDeliverBytesTarget));
    if (page.size() != kPage) {
      state.SkipWithError("a page is not full");
      break;
    }
    read.from = page.back().index + 1 == hub.tree().size() ? first : page.back().index + 1;
  }
  count_items(state, kPage);
}
BENCHMARK(read_feed_of_before);

// Witnesses.

// A round in which six witnesses cosign a log that has grown by a batch.
class RoundOfSix {
 public:
  RoundOfSix() {
    for (const std::string& member : six_members) {
      const auto& signer =
          signers_.emplace_back(test::key_signer(test::node_key_name(member, 1, "witness")));
      keys_.push_back({.name = exchange::witness_name(hub_.origin(), member),
                       .type = ledger::kNoteCosignature,
                       .key = signer->public_key()});
    }
    all();  // Then it is known how far each has cosigned.
  }

  void make() {
    if (!hub_.log_batch()) {
      test::stop({ErrorCode::kInternal, "not all was logged and delivered"});
    }
    head_ = {.checkpoint = {.origin = hub_.origin(),
                            .size = hub_.tree().size(),
                            .root = hub_.tree().root()},
             .note = hub_.signed_checkpoint(),
             .witnesses = witnesses_};
    rounds_.log_is(head_);
    now_ += broker::RoundLimits().spacing;
  }
  // The hub's proof, which is the same for all, and its requests.
  void ask() {
    turn();
    const auto tile = [&](const ledger::Tile& place) { return hub_.store().tile(place); };
    std::optional<std::vector<Hash>> proof;
    for (const broker::ProofRead& read : rounds_.take_reads()) {
      if (!proof.has_value()) {
        proof = must(ledger::consistency_proof(read.old_size, read.size, tile));
        must(ledger::verify_consistency(read.old_size, last_.tree.root, read.size,
                                        head_.checkpoint.root, *proof));
      }
      rounds_.proven(read, *proof);
    }
    requests_ = rounds_.take_requests();
  }
  // Each witness by itself; what it stores is not in it.
  void cosign() {
    answers_.clear();
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      const node::WitnessDecision decision =
          must(node::judge_request(requests_[i].round.request(),
                                   {.origin = hub_.origin(),
                                    .log_keys = std::span(&log_key_, 1),
                                    .last = last_,
                                    .followed_size = head_.checkpoint.size,
                                    .root_at = [&](std::uint64_t) -> Result<std::optional<Hash>> {
                                      return std::optional(head_.checkpoint.root);
                                    },
                                    .now_s = ++now_s_}));
      const std::string signature = must(signers_[i]->sign(as_bytes(decision.message)));
      const node::WitnessAnswer given =
          node::cosigned_answer(decision, keys_[i], as_bytes(signature));
      v1::Answer& answer = answers_.emplace_back();
      answer.set_round(requests_[i].round.round());
      answer.set_status(given.status);
      answer.set_text(given.text);
      next_ = decision.next;
    }
  }
  // The hub verifies them, and has a head at quorum.
  void take() {
    for (std::size_t i = 0; i < answers_.size(); ++i) {
      must(rounds_.answer(now_, requests_[i].witness, answers_[i]));
    }
    turn();
    result_ = rounds_.take_result().value_or(broker::CosignedHead{});
  }
  // A node judges that head.
  void learn() {
    const ledger::SignedCheckpoint opened =
        must(ledger::open_checkpoint(result_.head.note, std::span(&log_key_, 1)));
    time_s_ = must(exchange::quorum_time(opened.note, std::span(&witnesses_, 1)));
  }
  // False where not all cosigned it.
  [[nodiscard]] bool settle() {
    last_ = next_;
    return requests_.size() == six_members.size() && time_s_.has_value() &&
           time_s_ == result_.time_s && result_.head.checkpoint == head_.checkpoint &&
           must(ledger::verify_cosignatures(must(ledger::parse_note(result_.head.note)),
                                            witnesses_.keys))
                   .size() == six_members.size();
  }

 private:
  void all();
  void turn() {
    rounds_.turn(now_, [](const std::string&) { return true; });
  }

  BusyHub hub_;
  exchange::WitnessSet witnesses_ = exchange::witnesses_of(hub_.exchange().directory());
  ledger::NoteKey log_key_{.name = hub_.origin(),
                           .key = test::signing_public(log_key_names.front())};
  std::vector<std::unique_ptr<crypto::KeySigner>> signers_;
  std::vector<ledger::NoteKey> keys_;
  broker::Rounds rounds_{{.settle = std::chrono::milliseconds(0)}};
  broker::Rounds::Time now_ = broker::Rounds::Time{} + std::chrono::hours(1);
  std::uint64_t now_s_ = kNowMs / 1000;
  broker::SignedHead head_;
  node::WitnessState last_;  // The same of all.
  node::WitnessState next_;
  std::vector<broker::RoundRequest> requests_;
  std::vector<v1::Answer> answers_;
  broker::CosignedHead result_;
  std::optional<std::uint64_t> time_s_;
};

using RoundStep = void (RoundOfSix::*)();
constexpr std::array<RoundStep, 4> kStepsOfRound = {&RoundOfSix::ask, &RoundOfSix::cosign,
                                                    &RoundOfSix::take, &RoundOfSix::learn};

void RoundOfSix::all() {
  make();
  for (const RoundStep step : kStepsOfRound) {
    (this->*step)();
  }
  if (!settle()) {
    test::stop({ErrorCode::kInternal, "not all cosigned"});
  }
}

void step_of_round(benchmark::State& state, RoundStep measured, std::size_t items) {
  time_step(state, kStepsOfRound, measured, items, "not all cosigned");
}
BENCHMARK_CAPTURE(step_of_round, ask, &RoundOfSix::ask, 1)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_round, cosign, &RoundOfSix::cosign, 6)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_round, take, &RoundOfSix::take, 1)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_round, learn, &RoundOfSix::learn, 1)->Iterations(kRounds);

}  // namespace
}  // namespace chancery::micro
