// Makes the evidence file of a notice from a node's store: core/exchange/evidence.h says what is in
// it, protocol chapter 14 as well.
//
// All proofs are under the newest head at quorum that the store has, or under the newest checkpoint
// while that has not reached the notice. Of what recipients said it takes what this node's member
// can show: of its own notices each recipient's first statement that agreed and acknowledgements,
// of those that it received its own statement, and the acknowledgements that came here. The Ds of a
// pair up to such a statement are read and hashed: about a second for a million.

#pragma once

#include <string>

#include "chancery/v1/local.pb.h"
#include "core/base/result.h"
#include "node/store/node_store.h"

namespace chancery::node {

inline constexpr std::size_t kNoticePrefixBytesMin = 4;

// Of the notice that N or a prefix of it names. kUsage where it is too short or means several,
// kNotFound where there is no such notice here, or it is not logged.
[[nodiscard]] Result<std::uint64_t> logged_index(NodeStore& store, const std::string& notice);

// The file, verified. kUsage where N is too short or means several, kNotFound where there is no
// such notice here, or it is not logged; kStoreDamaged where a record that it needs is not there;
// and what verify_evidence() finds.
[[nodiscard]] Result<std::string> make_evidence(NodeStore& store, const v1::ProveRequest& request);

}  // namespace chancery::node
