#include "tests/sim/machine.h"

#include <algorithm>

#include "broker/store/sqlite_hub_store.h"
#include "tests/sim/remembered.h"
#include "tests/support/keys.h"

namespace chancery::sim {
namespace {

constexpr Micros kTick = 200 * kMillisecond;
constexpr Micros kTurnDelay = 100;
constexpr Micros kHeldDelay = 5'000;  // While what is patient waits.
constexpr Micros kKeptDelay =
    std::chrono::duration_cast<std::chrono::microseconds>(broker::kKeptFor).count();
constexpr Micros kRestartMin = 200 * kMillisecond;
constexpr Micros kRestartMax = 3 * kSecond;
constexpr std::uint64_t kScrubsPpm = 50'000;  // Of the runs of a program.
constexpr std::uint64_t kStartUnixUs = 1'800'000'000'000'000;

// By member.
std::map<std::string, Disk, std::less<>>& empty_stores() {
  static std::map<std::string, Disk, std::less<>> all;
  return all;
}

}  // namespace

Machine::Machine(Surroundings& around, std::string name, Random random)
    : around_(around), name_(std::move(name)), random_(random), disk_(name_, random_.fork()) {}

std::uint64_t Machine::unix_us() const {
  const auto now =
      static_cast<std::int64_t>(kStartUnixUs + around_.scheduler.now() + around_.slept);
  return static_cast<std::uint64_t>(now + clock_offset_);
}

std::chrono::steady_clock::time_point Machine::steady() const {
  return std::chrono::steady_clock::time_point(
      std::chrono::microseconds(around_.scheduler.now() + around_.slept));
}

void Machine::kill(Death death) {
  if (runs()) {
    around_.trace.tell(name_, death == Death::kKilled ? "is killed" : "loses power");
    disk_.die();
    end_program(death);
  }
}

void Machine::kill_at_change(std::uint64_t count, Death death) {
  if (runs()) {
    around_.trace.tell(name_, "will die at change " + std::to_string(count) + " of its disk");
    death_at_change_ = death;
    disk_.die_at_change(count);
  }
}

void Machine::go_away() {
  around_.trace.tell(name_, "is out of order");
  is_away_ = true;
  if (runs()) {
    disk_.die();
    end_program(Death::kKilled);
  }
}

void Machine::come_back() {
  if (std::exchange(is_away_, false)) {
    around_.trace.tell(name_, "is back");
    start();
  }
}

void Machine::end_program(Death death) {
  ++life_;
  turn_planned_ = false;
  drop_program();
  if (death == Death::kPowerCut) {
    disk_.lose_power();
  } else {
    disk_.revive();
  }
  around_.scheduler.after(random_.between(kRestartMin, kRestartMax), [this] { start(); });
}

void Machine::start() {
  if (runs() || is_away_) {
    return;
  }
  around_.trace.set_speaker(name_);
  scrubs_ = random_.chance(kScrubsPpm);
  const Result<void> started = start_program();
  if (started.has_value()) {
    around_.trace.tell(name_, "runs");
    plan_turn(kTurnDelay);
    tick();
    return;
  }
  around_.trace.tell(name_, "cannot start: " + started.error().to_string());
  // A disk that is full or fails is a reason to try again; a store that a crash damaged is not.
  if (started.error().code == ErrorCode::kStoreDamaged) {
    around_.violation(name_ + " lost its store: " + started.error().to_string());
    return;
  }
  end_program(disk_.is_dead() ? death_at_change_ : Death::kKilled);
}

// SQLite takes no notice where a checkpoint fails after its commit: the program is dead all the
// same.
Result<void> Machine::still_alive() const {
  return disk_.is_dead() ? fail(ErrorCode::kIo, "killed after a commit") : Result<void>();
}

void Machine::judge(const Result<void>& result) {
  if (result.has_value()) {
    return;
  }
  around_.trace.tell(name_, "stops: " + result.error().to_string());
  if (result.error().code == ErrorCode::kStoreDamaged) {
    around_.violation(name_ + " finds its store damaged: " + result.error().to_string());
  }
  end_program(disk_.is_dead() ? death_at_change_ : Death::kKilled);
}

void Machine::pause(Micros how_long) {
  around_.trace.tell(name_, "is paused for " + std::to_string(how_long / kMillisecond) + " ms");
  paused_until_ = std::max(paused_until_, around_.scheduler.now() + how_long);
}

void Machine::do_after_pause(std::function<void()> action) {
  around_.scheduler.after(paused_until_ - around_.scheduler.now(),
                          [this, life = life_, action = std::move(action)] {
                            if (life == life_) {
                              around_.trace.set_speaker(name_);
                              action();
                            }
                          });
}

void Machine::plan_turn(Micros delay) {
  if (turn_planned_) {
    return;
  }
  turn_planned_ = true;
  const std::uint64_t life = life_;
  around_.scheduler.after(delay, [this, life] {
    if (life != life_) {
      return;
    }
    when_awake([this] {
      turn_planned_ = false;
      if (runs()) {
        judge(turn());
      }
    });
  });
}

void Machine::tick() {
  const std::uint64_t life = life_;
  around_.scheduler.after(kTick, [this, life] {
    if (life == life_ && runs()) {
      plan_turn(0);
      tick();
    }
  });
}

void HubMachine::attach(std::size_t node, Wire* wire, std::function<Hash()> transport_key_id) {
  ports_[node] = {.wire = wire, .transport_key_id = std::move(transport_key_id)};
}

bool HubMachine::admits(std::size_t node) const {
  return runs() && engine_->hub().sequencer().directory().node_of_transport_key(
                       ports_.at(node).transport_key_id()) != nullptr;
}

void HubMachine::hand_in(const std::string& entry, const std::optional<std::string>& member) {
  when_awake([this, entry, member] {
    if (runs()) {
      around_.trace.event(name_, "is handed an entry", entry);
      // Where it is not taken, it comes again.
      static_cast<void>(engine_->hub().sequencer().offer(0, member, entry));
      plan_turn(kTurnDelay);
    }
  });
}

Result<void> HubMachine::start_program() {
  CHANCERY_TRY(std::unique_ptr<broker::HubStore> store,
               broker::open_sqlite_hub_store(disk_.path("hub.db"), around_.exchange.genesis(),
                                             broker::StoreUse::kOwn, Disk::medium()));
  broker::LogSigners signers;
  signers.push_back(remembering_signer("hub log 1"));
  CHANCERY_TRY(std::unique_ptr<broker::Engine> engine,
               broker::Engine::start({.program = "hub", .admission = {}, .window = {}},
                                     std::move(store), std::move(signers)));
  if (engine->hub().sequencer().tree().size() < around_.exchange.founding_entries().size()) {
    CHANCERY_TRY_VOID(
        engine->found(around_.exchange.founding_file(), "founding.bin", unix_us() / 1000));
  }
  CHANCERY_TRY_VOID(engine->sign_missing_checkpoints());
  engine_ = std::move(engine);
  return {};
}

void HubMachine::drop_program() {
  engine_.reset();
  speakers_.clear();
  for (auto& [node, port] : ports_) {
    port.wire->cut();
  }
}

void HubMachine::receive(std::size_t node, ConnectionId id, const std::string& frame) {
  if (!runs()) {
    return;
  }
  when_awake([this, node, id](const std::string& received) { take(node, id, received); }, frame);
}

void HubMachine::take(std::size_t node, ConnectionId id, const std::string& frame) {
  if (!runs()) {
    return;
  }
  around_.trace.event(name_, "receives", frame);
  speakers_[id] = node;
  const Port& port = ports_.at(node);
  const Hash key = port.transport_key_id();
  const Result<void> served =
      engine_->receive(id, key, liar_ == nullptr ? frame : liar_->hear(*engine_, id, key, frame));
  if (!served.has_value()) {
    around_.trace.remark(name_, "refuses a frame: " + served.error().to_string());
    if (served.error().code == ErrorCode::kUnknownMember && port.wire->id() == id) {
      port.wire->cut();
    }
  }
  cut_ended();
  plan_turn(kTurnDelay);
}

void HubMachine::cut_ended() {
  for (const broker::PeerHandle ended : engine_->hub().take_ended()) {
    const auto speaker = speakers_.find(ended);
    if (speaker != speakers_.end() && ports_.at(speaker->second).wire->id() == ended) {
      ports_.at(speaker->second).wire->cut();
    }
    speakers_.erase(ended);
  }
}

void HubMachine::disconnected(ConnectionId id) {
  when_awake([this, id] {
    if (runs()) {
      engine_->hub().disconnected(id);
    }
  });
}

Result<void> HubMachine::turn() {
  engine_->disk_has(disk_.free_bytes(), steady());
  cut_ended();
  CHANCERY_TRY(const broker::Sequenced sequenced, engine_->sequence(unix_us() / 1000));
  CHANCERY_TRY_VOID(still_alive());
  engine_->serve_reads();
  CHANCERY_TRY_VOID(engine_->run_rounds(steady()));
  send_outgoing();
  const bool busy = engine_->hub().has_work();
  if (scrubs()) {
    CHANCERY_TRY_VOID(engine_->look_again(!busy, steady(), unix_us() / 1000));
  }
  if (busy) {
    plan_turn(kTurnDelay);
  } else {
    if (engine_->hub().holds_patient()) {
      plan_turn(kHeldDelay);
    }
    CHANCERY_TRY_VOID(engine_->flush_when_due());
    if (engine_->keeps()) {
      plan_turn(kKeptDelay);
    }
  }
  return engine_->retain(!busy, steady(), unix_us() / 1000);
}

void HubMachine::send_outgoing() {
  std::vector<broker::Outgoing> all = engine_->take_outgoing();
  if (liar_ != nullptr) {
    all = liar_->filter(*engine_, std::move(all));
  }
  for (const broker::Outgoing& outgoing : all) {
    const auto speaker = speakers_.find(outgoing.peer);
    if (speaker == speakers_.end()) {
      continue;
    }
    around_.trace.event(name_, "sends " + outgoing.topic, outgoing.message);
    switch (ports_.at(speaker->second)
                .wire->send_to_node(outgoing.peer, outgoing.topic, outgoing.message)) {
      case Wire::Sent::kYes:
        break;
      case Wire::Sent::kFull:
        engine_->hub().unsent(outgoing.peer, outgoing.place);
        break;
      case Wire::Sent::kGone:
        engine_->hub().disconnected(outgoing.peer);
        speakers_.erase(speaker);
        break;
    }
  }
}

NodeMachine::NodeMachine(Surroundings& around, std::string name, std::string member, int number,
                         Random random)
    : Machine(around, std::move(name), random),
      member_(std::move(member)),
      number_(number),
      held_{number} {}

void NodeMachine::make_empty_stores(const Hash& genesis, std::span<const char* const> members) {
  for (const char* const member : members) {
    const Disk& disk =
        empty_stores().try_emplace(member, std::string("empty ") + member, Random(1)).first->second;
    const auto made = test::must(node::NodeStore::open(disk.path("node.db"), genesis, member,
                                                       node::StoreUse::kOwn, Disk::medium()));
    test::must(made->make_durable());
  }
}

Hash NodeMachine::transport_key_id() const {
  return test::agreement_public(test::node_key_name(member_, number_, "transport")).id();
}

void NodeMachine::change_keys(int number) {
  around_.trace.tell(name_, "changes to the keys of node " + std::to_string(number));
  hold_keys(number);
  number_ = number;
  kill(Death::kKilled);
}

node::Now NodeMachine::now() const {
  return {.steady = steady(), .unix_us = unix_us()};
}

Result<void> NodeMachine::start_program() {
  if (const auto empty = empty_stores().find(member_);
      disk_.is_empty() && empty != empty_stores().end()) {
    disk_.copy_from(empty->second);
  }
  CHANCERY_TRY(std::unique_ptr<node::NodeStore> store,
               node::NodeStore::open(disk_.path("node.db"), around_.exchange.genesis(), member_,
                                     node::StoreUse::kOwn, Disk::medium()));
  std::vector<crypto::PrivateKey> sealing_keys;
  sealing_keys.reserve(held_.size());
  for (const int number : held_) {
    sealing_keys.push_back(
        test::agreement_private(test::node_key_name(member_, number, "sealing")));
  }
  node::EngineConfig config{.member = member_, .program = "node", .applications = {}, .local = {}};
  config.applications.push_back(
      {.name = "application", .key = {}, .publish = {"*"}, .read = {"*"}});
  CHANCERY_TRY(
      engine_,
      node::Engine::start(
          std::move(config), std::move(store),
          remembering_signer(test::node_key_name(member_, number_, "signing")),
          exchange::Opener(std::move(sealing_keys)),
          [random = random_.fork()](std::size_t count) mutable { return random.bytes(count); },
          number_ == 1 ? remembering_signer(test::node_key_name(member_, 1, "witness")) : nullptr));
  wire_->node_started();
  return {};
}

void NodeMachine::drop_program() {
  engine_.reset();
  wire_->node_ended();
}

void NodeMachine::connected() {
  when_awake([this] {
    if (runs()) {
      around_.trace.tell(name_, "connects");
      engine_->connected();
      plan_turn(kTurnDelay);
    }
  });
}

void NodeMachine::disconnected() {
  when_awake([this] {
    if (runs()) {
      around_.trace.tell(name_, "loses its connection");
      engine_->disconnected();
    }
  });
}

void NodeMachine::receive(const std::string& topic, const std::string& message) {
  when_awake([this](const std::string& of, const std::string& received) { take(of, received); },
             topic, message);
}

void NodeMachine::take(const std::string& topic, const std::string& message) {
  if (runs()) {
    around_.trace.event(name_, "receives " + topic, message);
    plan_turn(kTurnDelay);
    judge(or_start_over(engine_->receive_from_hub(topic, message, now())));
  }
}

bool NodeMachine::request(const std::string& routing_id, const std::string& frame) {
  if (!runs()) {
    return false;
  }
  when_awake([this, routing_id, frame] {
    if (runs()) {
      around_.trace.event(name_, "is asked", frame);
      plan_turn(kTurnDelay);
      judge(or_start_over(engine_->receive_local(routing_id, "application", frame, now())));
    }
  });
  return true;
}

// A dead disk is another matter: what it answers is no outcome.
Result<void> NodeMachine::or_start_over(Result<void> done) {
  if (done.has_value() || done.error().code != ErrorCode::kDiskFull || disk_.is_dead()) {
    return done;
  }
  around_.trace.tell(name_, "starts over: " + done.error().to_string());
  engine_->abandon(done.error());
  send_replies();
  CHANCERY_TRY(engine_, node::Engine::start_over(std::move(engine_)));
  if (wire_->id() != 0) {
    engine_->connected();
  }
  if (engine_->is_behind()) {
    plan_turn(kTurnDelay);
  }
  return {};
}

Result<void> NodeMachine::turn() {
  engine_->disk_has(disk_.free_bytes(), steady());
  return or_start_over(finish_turn());
}

Result<void> NodeMachine::finish_turn() {
  CHANCERY_TRY_VOID(engine_->finish_turn(now()));
  CHANCERY_TRY_VOID(still_alive());
  for (const std::string& message : engine_->take_to_hub()) {
    if (wire_->id() == 0) {
      engine_->unsent(now());
      break;
    }
    around_.trace.event(name_, "sends", message);
    wire_->send_to_hub(message);
  }
  send_replies();
  if (engine_->is_behind()) {
    plan_turn(kTurnDelay);
  }
  return engine_->store().in_transaction() || !scrubs() ? Result<void>()
                                                        : engine_->look_again(now());
}

void NodeMachine::send_replies() {
  for (const node::LocalReply& reply : engine_->take_replies()) {
    around_.trace.event(name_, "answers", reply.message);
    reply_sink_(reply.routing_id, reply.message);
  }
}

}  // namespace chancery::sim
