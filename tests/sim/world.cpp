#include "tests/sim/world.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "broker/store/sqlite_hub_store.h"
#include "core/base/encoding.h"
#include "core/exchange/minimize.h"
#include "core/exchange/witnesses.h"
#include "io/log/log.h"
#include "tests/sim/remembered.h"

namespace chancery::sim {
namespace {

constexpr Micros kDrainWithin = 60 * kSecond;
constexpr Micros kNoticedWithin = 900 * kSecond;  // After all is healed, or it takes a day.
constexpr std::size_t kQuorum = 4;
constexpr std::size_t kViolationsMax = 20;
// Longer than the roster keeps a contact, and than all clocks together may be wrong meanwhile.
constexpr Micros kSleep = 12 * kDay;

Weather draw_weather(Random& random) {
  Weather weather;
  weather.delay_max = random.between(1, 200) * kMillisecond;
  // Half of the exchanges have a network that only ever breaks as TCP does.
  if (random.chance(500'000)) {
    weather.loss_ppm = random.below(50'000);
    weather.duplicate_ppm = random.below(50'000);
    weather.reorder_ppm = random.below(100'000);
  }
  return weather;
}

// Some exchanges are busy, most are not; as many notices an hour, whoever publishes them. A lie
// needs notices to be told of.
Micros draw_pause(const WorldOptions& options, Random& random) {
  constexpr std::array<Micros, 3> kPauses = {30 * kSecond, 60 * kSecond, 120 * kSecond};
  const bool lies = options.lie.has_value() || options.lying_member;
  return lies || random.chance(100'000) ? 15 * kSecond : kPauses[random.below(kPauses.size())];
}

// A lie is told where there are enough for a quorum.
const test::TestExchange& draw_exchange(std::span<const test::TestExchange> exchanges,
                                        const WorldOptions& options, Random& random) {
  const std::span<const test::TestExchange> drawn =
      options.lie.has_value() ? exchanges.last(kMembers.size() - kQuorum + 1) : exchanges;
  return drawn[random.below(drawn.size())];
}

}  // namespace

World::World(std::span<const test::TestExchange> exchanges, const WorldOptions& options)
    : options_(options),
      random_(options.seed),
      exchange_(draw_exchange(exchanges, options, random_)),
      trace_(scheduler_, options.story),
      around_{.scheduler = scheduler_,
              .trace = trace_,
              .exchange = exchange_,
              .violation = [this](const std::string& what) { violation(what); }} {
  Disk::start_over();
  log::init_sink([this](std::string_view line) { trace_.logged(line); },
                 trace_.tells() ? log::Level::kInfo : log::Level::kError);
  build();
}

World::~World() {
  log::init_sink([](std::string_view) {}, log::Level::kError);
}

void World::violation(const std::string& what) {
  const bool is_new = std::ranges::find(report_.violations, what) == report_.violations.end();
  if (is_new && report_.violations.size() < kViolationsMax) {
    trace_.tell("!!", what);
    report_.violations.push_back(what);
  }
}

void World::build() {
  calm_max_ = random_.between(2, 30) * kSecond;
  weather_ = draw_weather(random_);
  hub_ = std::make_unique<HubMachine>(around_, random_.fork());
  authorities_ = std::make_unique<Authorities>(around_, *hub_);
  const std::size_t count = exchange_.directory().active_nodes().size();
  names_.assign(kMembers.begin(), kMembers.begin() + count);
  workload_.pause_max = count * draw_pause(options_, random_);
  if (random_.chance(20'000)) {
    workload_.flood_ppm = 60'000;  // Windows fill up, and a log has many pages.
  }
  if (random_.chance(500'000)) {
    workload_.contact_ppm = 300'000;
  }
  // A notice that has expired ends where its node's clock says so: the clocks have to be right
  // then.
  if (random_.chance(500'000)) {
    workload_.expires_ppm = 200'000;
    clocks_heal_ = true;
  }
  for (const std::string& name : names_) {
    add_node(name, 1);
  }
  if (const std::optional<test::Lie> lie = options_.lie; lie.has_value()) {
    begin_lie(*lie);
  }
  if (options_.lying_member) {
    lying_member_ = std::make_unique<LyingMember>(around_, *hub_, *authorities_, names_.front(),
                                                  next_key_number_++, names_, random_.fork());
    scheduler_.after(kSecond, [this] { lying_member_->start(); });
  }
  plan_life();
  plan_consultations();
}

// At one of the first entries of the members, or to one who never sees any.
void World::begin_lie(test::Lie lie) {
  const bool from_the_first = lie == test::Lie::kStall && random_.chance(500'000);
  log_signer_ = remembering_signer("hub log 1");
  const std::size_t victim = random_.below(names_.size());
  std::vector<test::LyingWitness> in_league;  // As many as the roster allows for.
  if (random_.chance(500'000)) {
    const std::string& member = names_[(victim + 1) % names_.size()];
    witness_signer_ = remembering_signer(test::node_key_name(member, 1, "witness"));
    in_league.push_back({.member = member, .signer = witness_signer_.get()});
  }
  liar_ = std::make_unique<test::Liar>(
      test::LieOrder{
          .lie = lie,
          .member = names_[victim],
          .index = from_the_first ? 0 : exchange_.founding_entries().size() + random_.below(30)},
      exchange_.genesis(), std::vector{log_signer_.get()}, std::move(in_league));
  trace_.tell("hub", "tells " + liar_->order().member + " the lie " +
                         std::string(test::info_of(lie).name) + " from entry " +
                         std::to_string(liar_->order().index) + " on");
  hub_->lie_by(liar_.get());
}

World::Member& World::add_node(const std::string& name, int key_number) {
  const std::size_t number = members_.size();
  Member& member = members_.emplace_back();
  member.seat = {.name = number < names_.size() ? name : name + "-2",
                 .member = name,
                 .since = scheduler_.now()};
  member.node =
      std::make_unique<NodeMachine>(around_, member.seat.name, name, key_number, random_.fork());
  wire_up(number, member);
  member.publisher =
      std::make_unique<Publisher>(around_, *member.node, names_, workload_, random_.fork());
  member.reader = std::make_unique<Reader>(around_, *member.node, random_.fork());
  return member;
}

void World::plan_life() {
  const auto sometime = [&](std::uint64_t per_million, Scheduler::Action action) {
    if (random_.chance(per_million)) {
      scheduler_.after(random_.below(options_.duration), std::move(action));
    }
  };
  for (const std::string_view value : {"priority", "immediate", "off"}) {
    sometime(500'000, [this, value] { authorities_->minimize(value); });
  }
  sometime(400'000, [this] { enrol_second_node(); });
  sometime(400'000, [this] { renew_keys(); });
  sometime(200'000, [this] { renew_keys(); });
  if (liar_ != nullptr) {
    if (liar_->order().lie == test::Lie::kWithholdRevocation) {
      sometime(1'000'000, [this] { renew_keys(); });
    }
    return;
  }
  sometime(250'000, [this] { leave(); });
  if (workload_.contact_ppm > 0) {
    sometime(800'000, [this] { sleep(); });
  }
}

void World::plan_consultations() {
  if (names_.size() < 2 || random_.chance(400'000)) {
    return;
  }
  for (std::size_t i = 0; i < names_.size(); ++i) {
    Member& member = members_[i];
    member.delegate = std::make_unique<Delegate>(around_, *member.node, *member.publisher,
                                                 *member.reader, names_, random_.fork());
    member.delegate->start();
  }
  const std::uint64_t count = random_.between(1, 3);
  for (std::uint64_t i = 0; i < count; ++i) {
    Delegate& opener = *members_[random_.below(names_.size())].delegate;
    scheduler_.after(random_.below(options_.duration * 2 / 3), [&opener] { opener.open(); });
  }
}

void World::enrol_second_node() {
  const std::size_t first = random_.below(names_.size());
  const int key_number = next_key_number_++;
  authorities_->enrol(names_[first], key_number, [this, first, key_number] {
    members_[first].seat.is_only_one = false;
    Member& member = add_node(names_[first], key_number);
    member.seat.is_only_one = false;
    member.node->start();
    member.reader->start();
    if (faults_on_) {
      member.publisher->start();
    } else {
      calm(member);
    }
  });
}

// In good order, or the old key first: somebody else may have it.
void World::renew_keys() {
  NodeMachine& node = *members_[random_.below(members_.size())].node;
  const int key_number = next_key_number_++;
  authorities_->enrol(node.member(), key_number, [this, &node, key_number] {
    node.hold_keys(key_number);
    const int before = node.key_number();
    const auto change = [&node, key_number] { node.change_keys(key_number); };
    const auto revoke = [this, &node, before] { authorities_->revoke(node.member(), before); };
    if (random_.chance(500'000)) {
      change();
      scheduler_.after(random_.below(30 * kSecond), revoke);
    } else {
      revoke();
      scheduler_.after(random_.below(30 * kSecond), change);
    }
  });
}

void World::leave() {
  Member& member = members_[random_.below(members_.size())];
  member.node->go_away();
  scheduler_.after(random_.below(options_.duration), [&member] { member.node->come_back(); });
}

// Nothing runs anywhere for longer than a body is kept.
void World::sleep() {
  trace_.tell("--", "nothing happens for days");
  around_.slept += kSleep;
  slept_at_ = scheduler_.now();
}

void World::wire_up(std::size_t number, Member& member) {
  NodeMachine& node = *member.node;
  member.wire = std::make_unique<Wire>(
      scheduler_, random_.fork(), next_connection_,
      WireEnds{
          .node_connected = [&node] { node.connected(); },
          .node_disconnected = [&node] { node.disconnected(); },
          .to_hub = [this, number](ConnectionId id,
                                   const std::string& frame) { hub_->receive(number, id, frame); },
          .hub_disconnected = [this](ConnectionId id) { hub_->disconnected(id); },
          .to_node = [&node](const std::string& topic,
                             const std::string& message) { node.receive(topic, message); },
          .hub_listens = [this, number] { return hub_->admits(number); }});
  member.wire->set_weather(weather_);
  node.attach(member.wire.get());
  hub_->attach(number, member.wire.get(), [&node] { return node.transport_key_id(); });
  node.set_reply_sink([&member](const std::string& routing_id, const std::string& message) {
    v1::LocalReply reply;
    CHANCERY_CHECK(reply.ParseFromString(message));
    if (routing_id == "publisher") {
      member.publisher->take_reply(reply);
    } else {
      member.reader->take_reply(reply);
    }
  });
}

void World::plan_fault() {
  scheduler_.after(random_.between(100 * kMillisecond, calm_max_), [this] {
    if (faults_on_) {
      do_fault();
      plan_fault();
    }
  });
}

void World::do_fault() {
  ++report_.fault_count;
  Member& member = members_[random_.below(members_.size())];
  switch (random_.below(5)) {
    case 0:
      fault_machine(*hub_);
      break;
    case 1:
    case 2:
      fault_machine(*member.node);
      break;
    default:
      fault_wire(member);
      break;
  }
}

void World::fault_machine(Machine& machine) {
  const Death death = random_.chance(500'000) ? Death::kKilled : Death::kPowerCut;
  const auto later = [&](Micros from, Micros to, Scheduler::Action action) {
    scheduler_.after(random_.between(from, to), std::move(action));
  };
  // A witness whose clock was ahead does not cosign, and all that a hub keeps back shows by that.
  switch (random_.below(liar_ == nullptr ? 7 : 6)) {
    case 0:
      machine.kill(death);
      break;
    case 1:
    case 2:
      machine.kill_at_change(random_.between(1, 40), death);
      break;
    case 3:
      trace_.tell(machine.name(), "'s disk is full");
      machine.disk().set_full(true);
      machine.disk().set_candid(random_.chance(500'000));
      later(kSecond, 20 * kSecond, [this, &machine] {
        trace_.tell(machine.name(), "'s disk has room again");
        machine.disk().set_full(false);
      });
      break;
    case 4:
      trace_.tell(machine.name(), "'s disk will fail a sync");
      machine.disk().fail_next_sync();
      break;
    case 5:
      machine.pause(random_.between(100 * kMillisecond, 30 * kSecond));
      break;
    default: {
      // Where bodies are erased, two clocks that are wrong by years may be the reason.
      const std::array<Micros, 4> far = {kSecond, 3600 * kSecond, kDay, 3650 * kDay};
      const std::size_t farthest = workload_.contact_ppm > 0 ? 3 : 4;
      const auto off = static_cast<std::int64_t>(random_.below(far.at(random_.below(farthest))));
      const std::int64_t by = random_.chance(500'000) ? off : -off;
      trace_.tell(machine.name(), "'s clock is off by " + std::to_string(by / 1000) + " ms");
      machine.set_clock_off(by);
      break;
    }
  }
}

void World::fault_wire(Member& member) {
  if (random_.chance(300'000)) {
    trace_.tell(member.node->name(), "'s connection is cut");
    member.wire->cut();
    return;
  }
  const std::uint64_t way = random_.below(3);  // Both ways, or one of them.
  trace_.tell(member.node->name(), way == 0   ? "is cut off from the hub"
                                   : way == 1 ? "cannot send to the hub"
                                              : "cannot hear the hub");
  Wire& wire = *member.wire;
  wire.block(way != 2, way != 1);
  scheduler_.after(random_.between(500 * kMillisecond, 60 * kSecond), [this, &member, &wire] {
    trace_.tell(member.node->name(), "has its line again");
    wire.block(false, false);
  });
}

void World::heal() {
  trace_.tell("--", "everything is healed");
  faults_on_ = false;
  const auto heal = [&](Machine& machine) {
    machine.disk().heal();
    machine.come_back();
    if (clocks_heal_) {
      machine.set_clock_off(0);
    }
  };
  heal(*hub_);
  for (Member& member : members_) {
    heal(*member.node);
    calm(member);
  }
  authorities_->minimize(exchange::kMinimizeOff);
}

void World::calm(Member& member) {
  member.wire->set_weather({});
  member.wire->block(false, false);
  member.publisher->finish();
  member.reader->finish();
  if (member.delegate != nullptr) {
    member.delegate->finish();
  }
}

// Asks nothing, has nothing to send, and has read what it has.
bool World::is_done(const Member& member) const {
  if (member.publisher->waits() || !member.node->runs()) {
    return false;
  }
  node::NodeStore& store = member.node->engine()->store();
  const std::uint64_t newest = test::must(store.newest_arrival());
  const auto read = test::must(store.cursor("application", "reader"));
  const node::OutboxCounts outbox = test::must(store.outbox_counts());
  // What a member says falsely of the whole log stands until it says more.
  const bool delivered = outbox.undelivered == 0 || lying_member_ != nullptr;
  return outbox.queued == 0 && outbox.signed_count == 0 && delivered && read.patient >= newest &&
         read.urgent >= newest && has_nothing_due(*member.node);
}

// Of what its reader gave back: all that is due came again and is done with, and nothing is kept
// from coming. What waits may wait longer than we do, by a clock that is wrong.
bool World::has_nothing_due(NodeMachine& machine) {
  node::NodeStore& store = machine.engine()->store();
  const std::uint64_t now_ms = machine.unix_us() / 1000;
  const auto is_due = [&](exchange::Lane lane) {
    return !test::must(store.scan_due({"application", "reader"},
                                      {.lane = lane, .until_ms = now_ms, .count_max = 1}))
                .empty();
  };
  return test::must(store.deferred_counts()).quarantined == 0 &&
         std::ranges::none_of(exchange::kLanes, is_due);
}

bool World::drained() {
  if (!std::ranges::all_of(members_, [&](const Member& member) { return is_done(member); })) {
    return false;
  }
  Oracle oracle;
  oracle.retention_passed(slept_at_);
  for (const Member& member : members_) {
    member.publisher->look_up_refused(member.node->engine()->store());
    for (const Submission& submission : member.publisher->submissions()) {
      oracle.submitted(submission);
    }
  }
  return std::ranges::all_of(members_, [&](const Member& member) {
    return oracle.missing(member.seat, member.node->engine()->store()) == 0;
  });
}

bool World::has_quorum() const {
  if (!hub_->runs()) {
    return true;  // It will be back.
  }
  const exchange::Directory& directory = hub_->engine()->hub().sequencer().directory();
  const auto has = [&](const exchange::WitnessSet& set) {
    const auto able = std::ranges::count_if(set.keys, [&](const ledger::NoteKey& key) {
      return std::ranges::any_of(members_, [&](const Member& member) {
        const exchange::NodeInfo* const node = exchange::witness_node(directory, key.name);
        return node != nullptr && node->transport_key.id() == member.node->transport_key_id() &&
               !member.node->clock_went_back();
      });
    });
    return static_cast<std::size_t>(able) >= set.quorum;
  };
  const std::optional<broker::CosignedHead>& newest = hub_->engine()->rounds().newest();
  return has(exchange::witnesses_of(directory)) &&
         (!newest.has_value() || has(newest->head.witnesses));
}

bool World::cosigned() const {
  const auto runs = [](const Member& member) { return member.node->runs(); };
  if (!hub_->runs() || !std::ranges::all_of(members_, runs)) {
    return false;
  }
  const std::uint64_t size = hub_->engine()->hub().sequencer().tree().size();
  return std::ranges::all_of(members_, [&](const Member& member) {
    const std::optional<node::CosignedNote>& head = member.node->engine()->cosigned();
    return head.has_value() && head->size == size;
  });
}

void World::tell_what_is_left() {
  for (const Member& member : members_) {
    if (!member.node->runs()) {
      trace_.remark(member.node->name(), "does not run");
      continue;
    }
    const node::Engine& engine = *member.node->engine();
    const node::OutboxCounts outbox = test::must(engine.store().outbox_counts());
    const std::uint64_t cosigned_size = engine.cosigned().value_or(node::CosignedNote{}).size;
    trace_.remark(member.node->name(),
                  "its head at quorum is of " + std::to_string(cosigned_size) +
                      " entries, its witness at " +
                      std::to_string(test::must(engine.store().witness_state()).tree.size));
    trace_.remark(member.node->name(),
                  "has followed " + std::to_string(engine.follower().size()) + " of " +
                      std::to_string(engine.link().hub_size()) + ", stored up to " +
                      std::to_string(engine.link().position().cursors.patient) + " and " +
                      std::to_string(engine.link().position().cursors.urgent) +
                      "; its outbox: " + std::to_string(outbox.queued) + " queued, " +
                      std::to_string(outbox.signed_count) + " signed, " +
                      std::to_string(outbox.refused) + " refused, " +
                      std::to_string(outbox.undelivered) +
                      " not delivered to all; its last fault: '" + engine.last_fault() + "'");
    tell_refused(member);
  }
}

void World::tell_refused(const Member& member) {
  constexpr std::size_t kRows = 1000;
  constexpr std::size_t kBytes = 1U << 24U;
  for (const node::OutboxRow& row :
       test::must(member.node->engine()->store().scan_outbox(0, kRows, kBytes))) {
    if (row.stage == node::OutboxStage::kRefused) {
      trace_.remark(member.node->name(), "refused is " + uuid_text(as_bytes(row.notice_id)) +
                                             ", for " + std::to_string(row.code) + ": " +
                                             row.reason);
    }
  }
}

void World::run_until(Micros then) {
  while (scheduler_.now() < then) {
    scheduler_.run_until(std::min(then, scheduler_.now() + kSecond));
    if (liar_ != nullptr || lying_member_ != nullptr) {
      watch_alarms();
      watch_lying_member();
    }
  }
}

void World::watch_alarms() {
  if (liar_ != nullptr && liar_->told() && !lied_at_.has_value()) {
    lied_at_ = scheduler_.now();
  }
  for (const Member& member : members_) {
    if (!member.node->runs()) {
      continue;
    }
    const node::Engine& engine = *member.node->engine();
    if (const std::optional<Error>& alarm = engine.alarm(); alarm.has_value()) {
      say(member, "alarm " + std::string(error_info(alarm->code).name), "");
    }
    for (const auto& [peer, dispute] : engine.disputes()) {
      say(member, "dispute " + std::string(error_info(dispute.code).name), peer);
    }
    for (const node::Overdue& overdue : engine.overdue()) {
      say(member, "overdue " + overdue.what, overdue.peer);
    }
  }
}

bool World::may_say(const Member& member, const std::string& what, const std::string& peer) const {
  if (lying_member_ != nullptr) {
    return what == "dispute statement-mismatch" && peer == lying_member_->member();
  }
  if (liar_ == nullptr || !lied_at_.has_value()) {
    return false;
  }
  const bool is_victim = member.seat.member == liar_->order().member;
  if (!is_victim && peer != liar_->order().member) {
    return false;
  }
  return ("," + std::string(test::info_of(liar_->order().lie).noticed) + ",")
      .contains("," + std::string(is_victim ? "" : "peer ") + what + ",");
}

// Faults keep things waiting as well: what is overdue is the lie's once they are long over.
void World::say(const Member& member, const std::string& what, const std::string& peer) {
  const bool is_overdue = what.starts_with("overdue");
  const bool is_due_to_lie =
      !is_overdue || (healed_at_.has_value() && scheduler_.now() >= *healed_at_ + kDrainWithin);
  if (!may_say(member, what, peer)) {
    if (!is_overdue) {
      violation(member.node->name() + " raised a false alarm: " + what + " " + peer);
    }
  } else if (lying_member_ != nullptr) {
    lying_member_->noticed("statement");
  } else if (report_.noticed.empty() && is_due_to_lie) {
    report_.noticed = (member.seat.member == liar_->order().member ? "" : "peer ") + what;
    report_.noticed_after = scheduler_.now() + around_.slept - lied_at_.value_or(0);
    trace_.tell(member.node->name(), "notices: " + what + " " + peer);
  }
}

void World::watch_lying_member() {
  if (lying_member_ == nullptr) {
    return;
  }
  if (hub_->runs() && test::must(hub_->engine()->store().conflict_count()) > 0) {
    lying_member_->noticed("bodies");
  }
  for (const Member& member : members_) {
    if (member.node->runs() && member.seat.is_only_one &&
        member.seat.member != lying_member_->member() &&
        test::must(member.node->engine()->store().intake_counts()).unopenable > 0) {
      lying_member_->noticed("seal");
    }
  }
}

void World::wait_for_notice() {
  // Some lies are told at a greeting, of who has followed for a while.
  scheduler_.after(kDrainWithin, [this] {
    for (const Member& member : members_) {
      if (member.seat.member == liar_->order().member) {
        member.wire->cut();
      }
    }
  });
  const auto wait = [this](Micros how_long) {
    const Micros end = scheduler_.now() + how_long;
    while (report_.noticed.empty() && scheduler_.now() < end) {
      run_until(scheduler_.now() + kSecond);
    }
  };
  wait(kNoticedWithin);
  report_.lied = lied_at_.has_value();
  if (report_.lied && report_.noticed.empty()) {
    trace_.tell("--", "nothing happens for a day");
    around_.slept += kDay + kDay / 24;
    wait(kDrainWithin);
  }
  if (report_.lied && report_.noticed.empty()) {
    tell_what_is_left();
    violation("P4: nobody noticed that the hub lied to " + liar_->order().member);
  }
  run_until(scheduler_.now() + kDrainWithin);  // Others get what is on its way.
}

void World::judge() {
  Oracle oracle;
  oracle.retention_passed(slept_at_);
  for (const Member& member : members_) {
    for (const Submission& submission : member.publisher->submissions()) {
      oracle.submitted(submission);
      ++report_.submitted_count;
      report_.queued_count += submission.told == Told::kQueued ? 1 : 0;
    }
  }
  if (lying_member_ != nullptr) {
    std::ranges::for_each(lying_member_->published(),
                          [&](const Submission& each) { oracle.submitted(each); });
  }
  hub_->stop();
  std::ranges::for_each(members_, [](const Member& member) { member.node->stop(); });
  judge_stores(oracle);
  for (const std::string& what : oracle.violations()) {
    if (is_judged(what)) {
      violation(what);
    }
  }
}

void World::judge_stores(Oracle& oracle) {
  auto log = broker::open_sqlite_hub_store(hub_->disk().path("hub.db"), exchange_.genesis(),
                                           broker::StoreUse::kOwn, Disk::medium());
  if (!log.has_value()) {
    violation("P8: the hub's store does not open: " + log.error().to_string());
    return;
  }
  report_.log_size = oracle.judge_hub(**log);
  for (const Member& member : members_) {
    report_.read_count += member.reader->readings().size();
    auto store = node::NodeStore::open(member.node->disk().path("node.db"), exchange_.genesis(),
                                       member.seat.member, node::StoreUse::kOwn, Disk::medium());
    if (!store.has_value()) {
      violation("P8: " + member.seat.name + "'s store does not open: " + store.error().to_string());
      continue;
    }
    oracle.judge_node(member.seat, **store, member.reader->readings());
    if (member.delegate != nullptr) {
      oracle.judge_consultations(member.seat, **store, liar_ == nullptr);
    }
  }
  oracle.judge_delivered();
  report_.outcomes = oracle.outcomes();
}

// What a lie may not do, though nothing need arrive: that anything false is shown, or taken for
// true by those whom it does not concern. What one node of a member has, sealed to the other that
// is lied to, may be at none for good.
bool World::is_judged(const std::string& what) const {
  if (liar_ == nullptr || what.starts_with("P2") || what.starts_with("P5") ||
      (what.starts_with("P11") && (what.contains("for agreed") || what.contains("for final")))) {
    return true;
  }
  const std::string& member = liar_->order().member;
  if (what.starts_with("P4")) {
    return !what.contains("for delivered to " + member) ||
           std::ranges::count(members_, member,
                              [](const Member& each) { return each.seat.member; }) == 1;
  }
  return what.starts_with("P8") && !what.contains(member);
}

// What stood still may publish when it goes on: both have to be so at once.
void World::drain(Micros until) {
  // Only a hub that runs can say who its witnesses are.
  const auto waits = [this] { return drained() && has_quorum() && !cosigned(); };
  do {
    run_until(scheduler_.now() + kSecond);
  } while ((!drained() || waits()) && scheduler_.now() < until);
  if (waits()) {
    tell_what_is_left();
    violation("P7: no quorum has cosigned the whole log, or not every node knows");
  }
  if (!drained()) {
    tell_what_is_left();
    violation("P7: the queues do not drain within " + std::to_string(kDrainWithin / kSecond) +
              " s");
  }
}

World::Settled World::settled() const {
  Settled all;
  std::map<Hash, std::string> known;
  for (const Member& member : members_) {
    if (member.delegate == nullptr || !member.node->runs()) {
      continue;
    }
    node::NodeStore& store = member.node->engine()->store();
    node::StoredLog log(store);
    for (const Hash& opening : test::must(store.openings("", node::kConsultationsMax))) {
      const auto held = node::read_consultation(log, opening);
      if (!held.has_value()) {
        return {.same = false, .is_final = false};
      }
      const std::string said = told(*held);
      all.same = all.same && known.try_emplace(opening, said).first->second == said;
      all.is_final = all.is_final && (held->outcome.is_final ||
                                      held->outcome.conclusion == workflow::Conclusion::kWithdrawn);
    }
  }
  return all;
}

void World::settle(Micros until) {
  constexpr Micros kOnItsWay = 10 * kSecond;
  while (true) {
    const Settled now = settled();
    const bool waits =
        now.same ? !now.is_final && scheduler_.now() < until : scheduler_.now() < until + kOnItsWay;
    if (!waits) {
      return;
    }
    run_until(scheduler_.now() + kSecond);
  }
}

Report World::run() {
  hub_->start();
  for (Member& member : members_) {
    member.node->start();
    member.publisher->start();
    member.reader->start();
  }
  plan_fault();
  run_until(options_.duration);
  heal();
  healed_at_ = scheduler_.now();
  if (liar_ != nullptr) {
    wait_for_notice();
  } else {
    drain(scheduler_.now() + kDrainWithin);
    settle(scheduler_.now() + kDrainWithin);
  }
  watch_alarms();
  if (lying_member_ != nullptr) {
    for (const std::string& lie : lying_member_->unnoticed()) {
      violation("P5: nobody noticed that " + lying_member_->member() + " lied: " + lie);
    }
  }
  judge();
  report_.simulated = scheduler_.now();
  report_.trace = trace_.finish();
  return std::move(report_);
}

}  // namespace chancery::sim
