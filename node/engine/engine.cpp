#include "node/engine/engine.h"

#include <algorithm>
#include <utility>

#include "core/crypto/secret.h"
#include "core/exchange/compose.h"
#include "core/exchange/limits.h"
#include "io/log/log.h"
#include "node/engine/delays.h"

namespace chancery::node {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPingEvery{5'000};
constexpr milliseconds kGreetAgainAfter{5'000};
// Records are made once nothing was written for so long, a portion in a turn: of so many notices at
// most, and so many bytes of texts, some ten milliseconds. Where it is never quiet there is one
// each second.
constexpr milliseconds kQuietAfter{200};
constexpr milliseconds kRecordEvery{1'000};
constexpr std::size_t kRecordedMax = 32;
constexpr std::size_t kRecordedBytesMax = 256U << 10U;

}  // namespace

Engine::Engine(EngineConfig config, std::unique_ptr<NodeStore> store, NodeState state,
               std::unique_ptr<crypto::Signer> signer, exchange::Opener opener, RandomSource random,
               std::unique_ptr<crypto::Signer> witness)
    : config_(std::move(config)),
      store_(std::move(store)),
      signer_(std::move(signer)),
      opener_(std::move(opener)),
      random_(std::move(random)),
      witness_(std::move(witness)),
      follower_(std::move(state.follower)),
      history_(std::move(state.history)),
      link_({.genesis = store_->genesis(),
             .program = config_.program,
             .instance = random_(exchange::kInstanceBytes)},
            std::move(state.position)),
      local_api_(config_.member, config_.applications, *store_, random_, config_.local),
      disk_(config_.disk),
      alarm_(std::move(state.alarm)),
      cosigned_(std::move(state.cosigned)),
      created_at_us_(state.created_at_us),
      restamp_delay_(kRestampMin),
      elsewhere_delay_(kElsewhereMin) {}

Result<std::unique_ptr<Engine>> Engine::start(EngineConfig config, std::unique_ptr<NodeStore> store,
                                              std::unique_ptr<crypto::Signer> signer,
                                              exchange::Opener opener, RandomSource random,
                                              std::unique_ptr<crypto::Signer> witness) {
  CHANCERY_TRY(NodeState state, store->load());
  // What it names is in take_damages() as well. Before the first write: a store that is refused
  // stays as it was.
  CHANCERY_TRY_VOID(store->check_tail());
  CHANCERY_TRY_VOID(store->make_durable());
  auto engine = std::unique_ptr<Engine>(
      new Engine(std::move(config), std::move(store), std::move(state), std::move(signer),
                 std::move(opener), std::move(random), std::move(witness)));
  CHANCERY_TRY_VOID(engine->check_witness());
  CHANCERY_TRY_VOID(engine->load_pairs());
  CHANCERY_TRY_VOID(engine->load_consultations());
  return engine;
}

Result<Engine::Met> Engine::keep_damages() {
  Met met;
  for (const exchange::Damage& damage : store_->take_damages()) {
    ++met.count;
    if (disk_.is_full()) {
      continue;  // It is met again.
    }
    CHANCERY_TRY(const bool is_new, store_->quarantine(damage, now_.unix_ms()));
    if (is_new) {
      ++met.new_count;
      log::error("record-damaged", {{"part", damage.part},
                                    {"index", damage.index},
                                    {"detail", damage.error.to_string()},
                                    {"remedy", error_info(damage.error.code).remedy}});
    }
  }
  return met;
}

Result<void> Engine::look_again(const Now& now) {
  now_ = now;
  CHANCERY_TRY_VOID(store_->write_back());
  const std::uint64_t count = pace_.due(now.steady, follower_.size());
  if (count > 0) {
    CHANCERY_TRY(const exchange::Scrubbed scrubbed, store_->scrub(count, exchange::kScrubBytesMax));
    if (scrubbed.whole) {
      pace_.whole();
    }
  }
  CHANCERY_TRY_VOID(keep_records());
  CHANCERY_TRY_VOID(keep_damages());
  return {};
}

// In transactions of their own, so that no turn that has something to promise waits for them.
Result<void> Engine::keep_records() {
  recording_ = false;
  const bool quiet = now_.steady - written_at_ >= kQuietAfter;
  if (disk_.level() >= DiskLevel::kUrgentOnly ||
      (!quiet && now_.steady - recorded_at_ < kRecordEvery)) {
    return {};
  }
  CHANCERY_TRY(const bool waits, store_->has_unrecorded());
  CHANCERY_TRY(const bool unswept, store_->has_unswept());
  if (!waits && !unswept) {
    return {};
  }
  recorded_at_ = now_.steady;
  recording_ = quiet;
  CHANCERY_TRY_VOID(store_->begin());
  CHANCERY_TRY_VOID(waits ? store_->record(kRecordedMax, kRecordedBytesMax)
                          : store_->sweep_words());
  return store_->commit();
}

Result<std::unique_ptr<Engine>> Engine::start_over(std::unique_ptr<Engine> before) {
  before->store_->roll_back();
  CHANCERY_TRY(NodeState state, before->store_->load());
  auto engine = std::unique_ptr<Engine>(
      new Engine(std::move(before->config_), std::move(before->store_), std::move(state),
                 std::move(before->signer_), std::move(before->opener_), std::move(before->random_),
                 std::move(before->witness_)));
  engine->disk_ = before->disk_;
  engine->paced_ = before->paced_;
  engine->local_api_.take_over(before->local_api_);
  CHANCERY_TRY_VOID(engine->check_witness());
  CHANCERY_TRY_VOID(engine->load_pairs());
  CHANCERY_TRY_VOID(engine->load_consultations());
  return engine;
}

void Engine::abandon(const Error& why) {
  disk_.write_failed(now_.steady);
  local_api_.abandon(why);
}

void Engine::disk_has(std::uint64_t free_bytes, SteadyTime now) {
  refusals_.sweep(now);
  local_api_.sweep(now);
  const bool was_full = disk_.is_full();
  disk_.measured(free_bytes, now);
  link_.take(disk_.is_full()                           ? Takes::kNothing
             : disk_.level() == DiskLevel::kUrgentOnly ? Takes::kUrgentOnly
                                                       : Takes::kAll);
  outbox_changed_ = outbox_changed_ || was_full;
}

void Engine::connected() {
  pings_unanswered_ = 0;
  link_.connected();
}

void Engine::disconnected(std::string_view fault) {
  if (!fault.empty()) {
    last_fault_ = fault;
  }
  link_.disconnected();
  for (const std::string& notice_id : std::exchange(entries_, {})) {
    entry_outcomes_.push_back({.notice_id = notice_id,
                               .index = fail(ErrorCode::kUnknownOutcome,
                                             "the link to the hub ended before it answered")});
  }
}

LocalContext Engine::local_context() const {
  return {.directory = &follower_.directory(),
          .disk = &disk_,
          .now_ms = now_.unix_ms(),
          .now = now_.steady};
}

Result<void> Engine::write() {
  return store_->in_transaction() ? Result<void>() : store_->begin();
}

Result<void> Engine::commit() {
  if (store_->in_transaction()) {
    if (!disk_.is_full()) {
      CHANCERY_TRY_VOID(store_->put_remembered(config_.local.cursor_count_max));
    }
    CHANCERY_TRY_VOID(store_->commit());
    written_at_ = now_.steady;
  }
  local_api_.committed();
  return {};
}

// A record that fails its hash is no failure of the store: named, it is in nobody's way. Where it
// was named before, `refused` says whether there is more to do without it.
Result<void> Engine::despite_damage(const std::function<Result<void>()>& work,
                                    const std::function<bool(const Error&)>& refused) {
  while (true) {
    Result<void> done = work();
    if (done.has_value() || done.error().code != ErrorCode::kStoreDamaged) {
      return done;
    }
    CHANCERY_TRY(const Met met, keep_damages());
    if (met.count == 0) {
      return done;
    }
    if (met.new_count == 0 && !refused(done.error())) {
      return {};
    }
  }
}

Result<void> Engine::receive_local(const std::string& routing_id, std::string_view application,
                                   std::string_view frame, const Now& now) {
  now_ = now;
  outbox_changed_ = true;
  return despite_damage(
      [&] { return local_api_.handle(routing_id, application, frame, local_context()); },
      [&](const Error& error) {
        local_api_.refuse(routing_id, frame, error);
        return false;
      });
}

// What was handed out is stored as such before the replies leave.
Result<void> Engine::serve_waiting(const std::function<Result<void>()>& work) {
  CHANCERY_TRY_VOID(despite_damage(work, [&](const Error& error) {
    local_api_.refuse_first(error);
    return true;
  }));
  return commit();
}

Result<void> Engine::release_waiting(const Now& now) {
  now_ = now;
  return serve_waiting([&] { return local_api_.release(local_context()); });
}

Result<void> Engine::set_applications(std::vector<Application> applications, const Now& now) {
  CHANCERY_TRY_VOID(release_waiting(now));  // They hold on to the grants of before.
  config_.applications = std::move(applications);
  return {};
}

Result<void> Engine::finish_turn(const Now& now) {
  now_ = now;
  CHANCERY_TRY_VOID(take_patient());
  CHANCERY_TRY_VOID(resend_when_due());
  CHANCERY_TRY_VOID(end_aside_when_due());
  CHANCERY_TRY_VOID(compare_statements());
  CHANCERY_TRY_VOID(state_pairs());
  CHANCERY_TRY_VOID(tally_consultations());
  CHANCERY_TRY_VOID(sign_and_submit());
  CHANCERY_TRY_VOID(greet_or_ping_when_due());
  CHANCERY_TRY_VOID(retain());
  CHANCERY_TRY_VOID(look_for_overdue());
  CHANCERY_TRY_VOID(commit());
  const News news = std::exchange(news_, {});
  CHANCERY_TRY_VOID(serve_waiting([&] { return local_api_.wake(local_context(), news); }));
  // Ready once for each welcome: everything that the hub had logged is followed and stored.
  if (!in_step_ && link_.phase() == LinkPhase::kUp && follower_.size() >= link_.hub_size()) {
    in_step_ = true;
    log::info("ready", {{"member", config_.member}, {"size", follower_.size()}});
  }
  return {};
}

// A Hello or its Welcome may be lost without the connection: a node says it again.
Result<void> Engine::greet_or_ping_when_due() {
  if (link_.phase() == LinkPhase::kUp && now_.steady >= ping_at_) {
    ping_at_ = now_.steady + kPingEvery;
    link_.ping(now_.unix_ms());
    ++pings_unanswered_;
  }
  if (link_.phase() != LinkPhase::kGreeting) {
    greet_again_at_.reset();
  } else if (!greet_again_at_.has_value()) {
    greet_again_at_ = now_.steady + kGreetAgainAfter;
  } else if (now_.steady >= *greet_again_at_) {
    greet_again_at_ = now_.steady + kGreetAgainAfter;
    link_.connected();
  }
  return {};
}

// The hub has another daemon with our keys. Where they are many, they do not all ask at once.
void Engine::greet_later() {
  const std::string random = random_(1);
  const auto share = static_cast<std::uint8_t>(random.front());
  greet_again_at_ = now_.steady + elsewhere_delay_ / 2 + elsewhere_delay_ * share / 512;
  elsewhere_delay_ = std::min(2 * elsewhere_delay_, kElsewhereMax);
}

Result<void> Engine::retain() {
  const exchange::Directory& directory = follower_.directory();
  if (!directory.founded() || disk_.is_full()) {
    return {};
  }
  const std::uint64_t now_ms =
      std::min(paced_.at(now_.unix_ms(), now_.steady), follower_.accepted_at_ms());
  const std::optional<std::uint64_t> from = retention_.next(directory.roster(), now_ms);
  if (!from.has_value()) {
    return {};
  }
  CHANCERY_TRY(const std::vector<exchange::Kept> page,
               store_->kept(*from, exchange::kRetentionPageMax));
  Result<void> asked;
  const auto may_go = [&](const exchange::Kept& kept) {
    if (exchange::has_just_arrived(kept, now_.unix_ms())) {
      return false;
    }
    const Result<std::vector<std::string>> lack = store_->undelivered_to(kept.index);
    if (!lack.has_value()) {
      asked = std::unexpected(lack.error());
      return false;
    }
    return std::ranges::none_of(
        *lack, [&](const std::string& member) { return directory.member(member) != nullptr; });
  };
  const std::vector<std::uint64_t> past = retention_.take(page, directory.roster(), now_ms, may_go);
  CHANCERY_TRY_VOID(asked);
  if (past.empty()) {
    return {};
  }
  CHANCERY_TRY_VOID(write());
  CHANCERY_TRY(const std::vector<std::uint64_t> damaged,
               store_->erase_bodies(past, now_.unix_ms()));
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

}  // namespace chancery::node
