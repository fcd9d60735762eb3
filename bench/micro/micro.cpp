// What each stage of a notice costs by itself: ./dev bench, and ./dev bench compare for what a
// change makes of it. docs/internals/testing.md says how to read them. Here are parts of a notice's
// way, and stores; hub.cpp and node.cpp have the rest.
//
// Each works on what the tests' exchange makes from fixed seeds: the same inputs in every run.
// Stores are real ones in a folder below $TMPDIR, or /tmp, new for each benchmark, and of a fixed
// number of rounds, since what a row costs depends on how many there are. CPU is what counts: what
// a commit waits for the disk is in the time by the clock alone.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/micro/inputs.h"
#include "broker/store/sqlite_hub_store.h"
#include "core/exchange/batch_signature.h"
#include "core/exchange/envelope.h"
#include "core/exchange/policy.h"
#include "core/exchange/seal.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/note.h"
#include "core/ledger/tree.h"
#include "node/core/intake.h"
#include "node/store/node_store.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"

namespace chancery::micro {
namespace {

using benchmark::DoNotOptimize;
using test::must;

// Envelopes.

void parse_envelope(benchmark::State& state) {
  test::TestExchange exchange;
  const std::string bytes = sealed_batch(exchange, kTogether).front();
  for (auto round : state) {
    DoNotOptimize(must(exchange::parse_envelope(bytes, exchange.genesis())));
  }
}
BENCHMARK(parse_envelope);

void hash_notice(benchmark::State& state) {
  test::TestExchange exchange;
  const exchange::Envelope envelope = exchange.parse(sealed_batch(exchange, 1).front());
  const std::string draft = envelope.draft.SerializeAsString();
  for (auto round : state) {
    DoNotOptimize(exchange::notice_hash(exchange.genesis(), draft));
  }
}
BENCHMARK(hash_notice);

// D and E, of all the bytes.
void hash_entry(benchmark::State& state) {
  test::TestExchange exchange;
  const exchange::Envelope envelope = exchange.parse(sealed_batch(exchange, 1).front());
  for (auto round : state) {
    const Hash d =
        exchange::envelope_hash(exchange.genesis(), envelope.header_bytes, envelope.body_bytes);
    DoNotOptimize(exchange::entry_hash(d, envelope.signatures_bytes));
  }
}
BENCHMARK(hash_entry);

// Signatures.

std::vector<Hash> hashes(std::size_t count) {
  std::vector<Hash> all;
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back(exchange::text_digest(std::to_string(i)));
  }
  return all;
}

// Its message, the signature, and what each envelope carries of it.
void sign_batch(benchmark::State& state) {
  const std::vector<Hash> ds = hashes(static_cast<std::size_t>(state.range(0)));
  const auto signer = test::key_signer(signing_of("AM"));
  for (auto round : state) {
    const exchange::BatchToSign batch(test::kGenesis, signer->public_key().id(), ds);
    const std::string value = must(signer->sign(as_bytes(batch.message())));
    for (std::size_t i = 0; i < ds.size(); ++i) {
      DoNotOptimize(batch.signature(i, value));
    }
  }
  count_items(state, ds.size());
}
BENCHMARK(sign_batch)->Arg(1)->Arg(kTogether);

// By who has seen none of them before.
void verify_batch(benchmark::State& state) {
  const std::vector<Hash> ds = hashes(static_cast<std::size_t>(state.range(0)));
  const auto signer = test::key_signer(signing_of("AM"));
  const exchange::BatchToSign batch(test::kGenesis, signer->public_key().id(), ds);
  const std::string value = must(signer->sign(as_bytes(batch.message())));
  std::vector<exchange::Signature> signatures;
  signatures.reserve(ds.size());
  for (std::size_t i = 0; i < ds.size(); ++i) {
    signatures.push_back(test::carried(batch.signature(i, value)));
  }
  for (auto round : state) {
    exchange::RootCache cache;
    for (std::size_t i = 0; i < ds.size(); ++i) {
      must(exchange::verify_batch_signature(test::kGenesis, ds[i], signatures[i],
                                            signer->public_key(), cache));
    }
  }
  count_items(state, ds.size());
}
BENCHMARK(verify_batch)->Arg(1)->Arg(kTogether);

// The log.

void append_to_tree(benchmark::State& state) {
  const std::vector<Hash> leaves = hashes(kTogether);
  ledger::CompactTree before;
  for (const Hash& leaf : hashes(1000)) {
    before.append(leaf);
  }
  for (auto round : state) {
    ledger::CompactTree tree = before;
    for (const Hash& leaf : leaves) {
      tree.append(leaf);
    }
    DoNotOptimize(tree.root());
  }
  count_items(state, leaves.size());
}
BENCHMARK(append_to_tree);

void verify_cosignature(benchmark::State& state) {
  constexpr std::uint64_t kTime = 1'700'000'000;
  const auto signer = test::key_signer(test::node_key_name("AM", 1, "witness"));
  const ledger::NoteKey key{
      .name = "example.org/AM", .type = ledger::kNoteCosignature, .key = signer->public_key()};
  const std::string body =
      ledger::checkpoint_body({.origin = "example.org/log", .size = 1000, .root = hashes(1)[0]});
  const std::string signature =
      must(signer->sign(as_bytes(ledger::cosignature_message(kTime, body))));
  const ledger::NoteSignature line = ledger::note_signature(
      key, as_bytes(ledger::cosignature_payload(kTime, as_bytes(signature))));
  for (auto round : state) {
    DoNotOptimize(must(ledger::verify_cosignature(key, body, line)));
  }
}
BENCHMARK(verify_cosignature);

// Seals.

// A content key of its own, for five members and the origin, and one text.
void seal_for_five(benchmark::State& state) {
  const test::TestExchange exchange;
  const std::string info = exchange::seal_info(exchange.genesis(), "AM", five_members);
  const std::vector<crypto::PublicKey> keys =
      must(exchange::sealing_keys_for("AM", five_members, exchange.directory()));
  const std::string random =
      test::seeded_bytes("seal", exchange::SealGroup::random_bytes_needed(keys.size()));
  const std::string padded =
      must(exchange::pad_text(test::seeded_bytes("salt", exchange::kTextSaltBytes), text()));
  for (auto round : state) {
    DoNotOptimize(must(must(exchange::SealGroup::make(info, keys, random)).seal("header", padded)));
  }
}
BENCHMARK(seal_for_five);

// `groups` texts, one after the other, by who keeps a single content key: with 1 it is known.
void open_sealed(benchmark::State& state) {
  const auto groups = static_cast<std::size_t>(state.range(0));
  test::TestExchange exchange;
  std::vector<exchange::Envelope> envelopes;
  envelopes.reserve(groups);
  for (std::size_t i = 0; i < groups; ++i) {
    envelopes.push_back(exchange.parse(sealed_batch(exchange, 1).front()));
  }
  exchange::Opener opener = opener_of("BY", 1);
  std::size_t at = 0;
  for (auto round : state) {
    const exchange::Envelope& envelope = envelopes[at++ % groups];
    DoNotOptimize(must(opener.open(exchange.genesis(), "AM", envelope.recipient_codes(),
                                   envelope.header_bytes, envelope.body.sealed(),
                                   envelope.draft.text_digest())));
  }
}
BENCHMARK(open_sealed)->ArgName("groups")->Arg(1)->Arg(2);

// Deliveries and stores.

// Of a batch whose signature and content key are known.
void judge_delivery(benchmark::State& state) {
  Followed followed;
  followed.append();
  const std::vector<ledger::Leaf> leaves = test::leaves_of(followed.log.batches().back());
  std::size_t at = 0;
  for (auto round : state) {
    const node::Arrival arrival = followed.judge(at, leaves[at]);
    if (arrival.verdict != node::Verdict::kGood) {
      state.SkipWithError("the delivery is not good");
      break;
    }
    at = (at + 1) % kTogether;
  }
}
BENCHMARK(judge_delivery);

// Clear notices to five members, decided, and from then on the transaction alone.
void write_hub_batch(benchmark::State& state) {
  const auto together = static_cast<std::size_t>(state.range(0));
  const Folder folder;
  test::TestExchange exchange;
  const auto store = must(
      broker::open_sqlite_hub_store(folder.file(), exchange.genesis(), broker::StoreUse::kOwn));
  broker::Sequencer sequencer(must(store->load()), {}, {test::signing_public("hub log 1")});
  std::uint64_t now_ms = kNowMs;
  const auto decide = [&] {
    const broker::Answers answers = must(store->answer(sequencer.begin()));
    broker::Decision decision = sequencer.decide(answers, ++now_ms);
    for (const broker::Outcome& outcome : decision.outcomes) {
      if (outcome.error.has_value()) {
        test::stop(*outcome.error);
      }
    }
    return std::move(decision.commit).value_or(broker::Commit{});
  };
  for (const std::string& entry : exchange.founding_entries()) {
    must(sequencer.offer(0, std::nullopt, entry));
    must(store->commit(decide()));
    sequencer.committed();
  }
  for (auto round : state) {
    state.PauseTiming();
    exchange.see(sequencer.tree());
    std::vector<test::Unsigned> notices;
    notices.reserve(together);
    for (std::size_t i = 0; i < together; ++i) {
      notices.push_back(
          exchange.clear(exchange.draft("AM", five_members, "contact"), text("contact")));
    }
    for (const std::string& envelope : exchange.sign(notices, signing_of("AM"))) {
      must(sequencer.offer(0, std::nullopt, envelope));
    }
    const broker::Commit commit = decide();
    state.ResumeTiming();
    must(store->commit(commit));
    state.PauseTiming();
    sequencer.committed();
    state.ResumeTiming();
  }
  count_items(state, together);
}
BENCHMARK(write_hub_batch)->Arg(1)->Arg(kTogether)->Iterations(kRounds);

// A node's store of AM, and what goes through its outbox.
class Outbox {
 public:
  Outbox()
      : store_(must(node::NodeStore::open(folder_.file(), exchange_.genesis(), "AM",
                                          node::StoreUse::kOwn))) {
    static_cast<void>(must(store_->load()));
  }

  void make() {
    drafts_.clear();
    for (std::size_t i = 0; i < kTogether; ++i) {
      v1::Draft draft = exchange_.draft("AM", five_members);
      draft.set_text_digest(to_string(exchange::text_digest(text_)));
      node::OutboxDraft made;
      made.waiting = {.notice_id = draft.notice_id(),
                      .draft = draft.SerializeAsString(),
                      .text = text_,
                      .sealed = true,
                      .precedence = draft.precedence()};
      made.notice = exchange::notice_hash(exchange_.genesis(), made.waiting.draft);
      draft_ = draft;
      made.request = exchange::text_digest(draft.notice_id());
      made.application = "desk";
      made.queued_at_ms = kNowMs;
      drafts_.push_back(std::move(made));
    }
  }
  void put_drafts() {
    must(store_->begin());
    for (const node::OutboxDraft& draft : drafts_) {
      must(store_->put_draft(draft));
    }
    must(store_->commit());
  }
  void read_waiting() {
    if (must(store_->waiting(kTogether, node::SigningWindow().bytes_max)).size() != kTogether) {
      test::stop({ErrorCode::kInternal, "not all that was put in the outbox waits there"});
    }
  }
  void put_signed() {
    must(store_->begin());
    for (const node::OutboxDraft& draft : drafts_) {
      must(store_->put_signed({.notice_id = draft.waiting.notice_id,
                               .header = "",
                               .body = "",
                               .created_at_us = ++stamp_us_},
                              envelope_));
    }
    must(store_->commit());
  }
  void mark_logged() {
    must(store_->begin());
    for (const node::OutboxDraft& draft : drafts_) {
      const std::optional<node::OutboxStanding> row =
          must(store_->outbox_standing(draft.waiting.notice_id));
      if (!row.has_value()) {
        test::stop({ErrorCode::kInternal, "a notice is not in the outbox"});
      }
      must(store_->mark_logged(*row, draft_, ++index_, kNowMs));
    }
    must(store_->commit());
  }

 private:
  Folder folder_;
  test::TestExchange exchange_;
  std::unique_ptr<node::NodeStore> store_;
  std::string text_ = text();
  std::string envelope_ = sealed_batch(exchange_, 1).front();
  v1::Draft draft_;  // Of the last; they differ in their ids.
  std::vector<node::OutboxDraft> drafts_;
  std::uint64_t stamp_us_ = 0;
  std::uint64_t index_ = 100;
};

using Step = void (Outbox::*)();

// A step of a batch, after those before it; its commit counts.
void step_of_outbox(benchmark::State& state, const std::vector<Step>& before, Step measured) {
  Outbox outbox;
  for (auto round : state) {
    state.PauseTiming();
    outbox.make();
    for (const Step step : before) {
      (outbox.*step)();
    }
    state.ResumeTiming();
    (outbox.*measured)();
  }
  count_items(state, kTogether);
}
BENCHMARK_CAPTURE(step_of_outbox, put_draft, {}, &Outbox::put_drafts)->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_outbox, read_waiting, {&Outbox::put_drafts}, &Outbox::read_waiting)
    ->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_outbox, put_signed, {&Outbox::put_drafts}, &Outbox::put_signed)
    ->Iterations(kRounds);
BENCHMARK_CAPTURE(step_of_outbox, mark_logged, {&Outbox::put_drafts, &Outbox::put_signed},
                  &Outbox::mark_logged)
    ->Iterations(kRounds);

// A batch of deliveries that were judged, with their commit.
void put_arrival(benchmark::State& state) {
  const Folder folder;
  Followed followed;
  const auto store = must(node::NodeStore::open(folder.file(), followed.exchange.genesis(), "BY",
                                                node::StoreUse::kOwn));
  for (auto round : state) {
    state.PauseTiming();
    followed.append();
    const std::vector<ledger::Leaf> leaves = test::leaves_of(followed.log.batches().back());
    must(store->begin());
    for (const exchange::FollowedBatch& batch : followed.batches) {
      must(store->put_batch(batch, followed.follower));
    }
    followed.batches.clear();
    must(store->commit());
    std::vector<node::Arrival> arrivals;
    arrivals.reserve(kTogether);
    for (std::size_t i = 0; i < kTogether; ++i) {
      arrivals.push_back(followed.judge(i, leaves[i]));
    }
    state.ResumeTiming();
    must(store->begin());
    for (std::size_t i = 0; i < kTogether; ++i) {
      static_cast<void>(must(store->put_arrival(arrivals[i], leaves[i], kNowMs)));
    }
    must(store->commit());
  }
  count_items(state, kTogether);
}
BENCHMARK(put_arrival)->Iterations(kRounds);

}  // namespace
}  // namespace chancery::micro

BENCHMARK_MAIN();
