#include "broker/core/peers.h"

namespace chancery::broker {

Peers::Met Peers::meet(const Peer& peer) {
  Met met;
  if (const auto known = handles_.find(peer.routing_id); known != handles_.end()) {
    if (peers_.at(known->second).transport_key_id == peer.transport_key_id) {
      met.handle = known->second;
      return met;
    }
    met.forgotten.push_back(known->second);
  }
  for (const auto& [handle, before] : peers_) {
    if (before.descriptor == peer.descriptor && before.routing_id != peer.routing_id) {
      met.forgotten.push_back(handle);
    }
  }
  if (met.forgotten.empty() && peers_.size() >= count_max_) {
    met.forgotten.push_back(peers_.begin()->first);
  }
  for (const PeerHandle handle : met.forgotten) {
    forget(handle);
  }
  met.handle = next_++;
  met.is_new = true;
  peers_.emplace(met.handle, peer);
  handles_.emplace(peer.routing_id, met.handle);
  return met;
}

void Peers::forget(PeerHandle handle) {
  if (const auto peer = peers_.find(handle); peer != peers_.end()) {
    handles_.erase(peer->second.routing_id);
    peers_.erase(peer);
  }
}

const Peer* Peers::find(PeerHandle handle) const {
  const auto found = peers_.find(handle);
  return found == peers_.end() ? nullptr : &found->second;
}

std::optional<PeerHandle> Peers::with_routing_id(const std::string& routing_id) const {
  const auto found = handles_.find(routing_id);
  return found == handles_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<PeerHandle> Peers::with_key(const Hash& transport_key_id) const {
  std::vector<PeerHandle> of_key;
  for (const auto& [handle, peer] : peers_) {
    if (peer.transport_key_id == transport_key_id) {
      of_key.push_back(handle);
    }
  }
  return of_key;
}

}  // namespace chancery::broker
