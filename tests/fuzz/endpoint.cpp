// An endpoint, as a configuration names it.
//
// Holds: whoever may connect to it may listen on it; no zero byte, nothing over the limits, and a
// port is 1 to 65535 in its one spelling.

#include "io/zmq/endpoint.h"

#include "core/base/encoding.h"
#include "tests/fuzz/input.h"

namespace zmq = chancery::zmq;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = chancery::as_view(chancery::Bytes(data, size));
  const bool connects = zmq::check_endpoint(text, zmq::EndpointUse::kConnect).has_value();
  const bool listens = zmq::check_endpoint(text, zmq::EndpointUse::kListen).has_value();
  CHANCERY_CHECK(listens || !connects);
  CHANCERY_CHECK(!listens || text.find('\0') == std::string_view::npos);
  if (listens && text.starts_with(zmq::kIpcPrefix)) {
    CHANCERY_CHECK(text.size() <= zmq::kIpcPrefix.size() + zmq::kIpcPathBytesMax);
  } else if (connects) {
    CHANCERY_CHECK(text.starts_with(zmq::kTcpPrefix));
    const auto port = chancery::from_decimal(text.substr(text.rfind(':') + 1));
    CHANCERY_CHECK(port.has_value() && *port >= 1 && *port <= 65'535);
  }
  return 0;
}
