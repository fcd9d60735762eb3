// The connections that the hub has heard, each under a handle that no other ever had.
//
// A connection is known by its routing id, which is secret, its descriptor and the transport key
// that it was authenticated with. Of an unknown one it is certain that who had its routing id or
// its descriptor before is gone. Pure; holds at most count_max, and forgets the oldest over that.

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/core/admission.h"
#include "core/base/bytes.h"

namespace chancery::broker {

struct Peer {
  std::string routing_id;
  Hash transport_key_id{};
  int descriptor = -1;
};

class Peers {
 public:
  struct Met {
    PeerHandle handle = 0;
    bool is_new = false;
    std::vector<PeerHandle> forgotten{};  // With it.
  };

  explicit Peers(std::size_t count_max) : count_max_(count_max) {}

  // Who has just spoken.
  Met meet(const Peer& peer);
  void forget(PeerHandle handle);

  // Null where it is not known any more. Until the next meet() or forget().
  [[nodiscard]] const Peer* find(PeerHandle handle) const;
  [[nodiscard]] std::optional<PeerHandle> with_routing_id(const std::string& routing_id) const;
  // Oldest first.
  [[nodiscard]] const std::map<PeerHandle, Peer>& all() const { return peers_; }
  [[nodiscard]] std::vector<PeerHandle> with_key(const Hash& transport_key_id) const;

  [[nodiscard]] std::size_t count() const { return peers_.size(); }
  [[nodiscard]] std::size_t count_max() const { return count_max_; }

 private:
  std::size_t count_max_;
  PeerHandle next_ = 1;
  std::map<PeerHandle, Peer> peers_;
  std::map<std::string, PeerHandle> handles_;  // By routing id.
};

}  // namespace chancery::broker
