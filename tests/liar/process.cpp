// The shipped hub with a liar in it: the linker has Engine's start(), receive() and take_outgoing()
// called here (CMakeLists.txt), so that nothing in what is shipped knows of it. CHANCERY_LIE has
// the lies that it tells, "LIE:MEMBER:INDEX" by commas; each member is told one.

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/engine/engine.h"
#include "tests/liar/liar.h"

namespace chancery::broker {

// These are the names that the linker knows the functions by.
Result<std::unique_ptr<Engine>> real_start(const EngineConfig& config,
                                           std::unique_ptr<HubStore> store,
                                           LogSigners log_signers) asm("__real_" CHANCERY_START);
Result<std::unique_ptr<Engine>> lying_start(const EngineConfig& config,
                                            std::unique_ptr<HubStore> store,
                                            LogSigners log_signers) asm("__wrap_" CHANCERY_START);
std::vector<Outgoing> real_take(Engine* engine) asm("__real_" CHANCERY_TAKE);
std::vector<Outgoing> lying_take(Engine* engine) asm("__wrap_" CHANCERY_TAKE);
Result<void> real_receive(Engine* engine, PeerHandle peer, const Hash& transport_key_id,
                          std::string_view frame) asm("__real_" CHANCERY_RECEIVE);
Result<void> lying_receive(Engine* engine, PeerHandle peer, const Hash& transport_key_id,
                           std::string_view frame) asm("__wrap_" CHANCERY_RECEIVE);

namespace {

std::vector<std::unique_ptr<test::Liar>>& liars() {
  static std::vector<std::unique_ptr<test::Liar>> all;
  return all;
}

void engage(const Hash& genesis, const LogSigners& log_signers) {
  std::vector<crypto::Signer*> keys;
  keys.reserve(log_signers.size());
  for (const std::unique_ptr<crypto::Signer>& signer : log_signers) {
    keys.push_back(signer.get());
  }
  const char* const given = std::getenv("CHANCERY_LIE");
  std::string_view orders = given == nullptr ? "" : given;
  while (!orders.empty()) {
    const std::size_t end = std::min(orders.find(','), orders.size());
    const std::optional<test::LieOrder> order = test::LieOrder::parse(orders.substr(0, end));
    if (!order.has_value()) {
      std::cerr << "CHANCERY_LIE: LIE:MEMBER:INDEX, by commas\n";
      std::exit(64);
    }
    liars().push_back(std::make_unique<test::Liar>(*order, genesis, keys));
    orders.remove_prefix(std::min(end + 1, orders.size()));
  }
}

}  // namespace

Result<std::unique_ptr<Engine>> lying_start(const EngineConfig& config,
                                            std::unique_ptr<HubStore> store,
                                            LogSigners log_signers) {
  engage(store->genesis(), log_signers);
  return real_start(config, std::move(store), std::move(log_signers));
}

std::vector<Outgoing> lying_take(Engine* engine) {
  std::vector<Outgoing> all = real_take(engine);
  for (const std::unique_ptr<test::Liar>& liar : liars()) {
    all = liar->filter(*engine, std::move(all));
  }
  return all;
}

Result<void> lying_receive(Engine* engine, PeerHandle peer, const Hash& transport_key_id,
                           std::string_view frame) {
  std::string heard(frame);
  for (const std::unique_ptr<test::Liar>& liar : liars()) {
    heard = liar->hear(*engine, peer, transport_key_id, std::move(heard));
  }
  return real_receive(engine, peer, transport_key_id, heard);
}

}  // namespace chancery::broker
