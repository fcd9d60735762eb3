#include "node/http_witness.h"

#include <utility>

#include "core/ledger/witness.h"
#include "io/http/address.h"
#include "io/log/log.h"

namespace chancery::node {
namespace {

using ledger::WitnessStatus;

http::Response response_of(WitnessAnswer answer) {
  http::Response response{.status = static_cast<int>(answer.status),
                          .body = std::move(answer.text)};
  if (answer.status == std::to_underlying(WitnessStatus::kOtherSize)) {
    response.type = "text/x.tlog.size";
  }
  return response;
}

}  // namespace

Result<std::unique_ptr<HttpWitness>> HttpWitness::start(const std::string& listen) {
  auto witness = std::unique_ptr<HttpWitness>(new HttpWitness());
  if (listen.empty()) {
    return witness;
  }
  CHANCERY_TRY(const http::Address address, http::parse_loopback(listen));
  CHANCERY_TRY(witness->server_, http::Server::start(
                                     address,
                                     [here = witness.get()](const http::Request& request) {
                                       return here->respond(request);
                                     },
                                     ledger::kAddCheckpointBytesMax));
  log::info("witness-listening", {{"listen", listen}});
  return witness;
}

std::vector<std::shared_ptr<HttpWitness::Asked>> HttpWitness::take(std::uint64_t followed_size) {
  const std::scoped_lock lock(mutex_);
  std::vector<std::shared_ptr<Asked>> taken;
  for (const std::shared_ptr<Asked>& asked : waiting_) {
    if (asked->followed_size != followed_size) {
      asked->followed_size = followed_size;
      taken.push_back(asked);
    }
  }
  return taken;
}

void HttpWitness::answer(Asked& asked, WitnessAnswer answer) {
  {
    const std::scoped_lock lock(mutex_);
    ++counters_.answered_count;
    if (answer.status == std::to_underlying(WitnessStatus::kOk)) {
      ++counters_.cosigned_count;
    }
    asked.answer = std::move(answer);
  }
  answered_.notify_all();
}

HttpWitness::Counters HttpWitness::counters() {
  const std::scoped_lock lock(mutex_);
  return counters_;
}

http::Response HttpWitness::respond(const http::Request& request) {
  if (request.path != "/add-checkpoint") {
    return {.status = 404, .body = "here is /add-checkpoint\n"};
  }
  const auto asked = std::make_shared<Asked>(Asked{.request = request.body});
  std::unique_lock lock(mutex_);
  waiting_.push_back(asked);
  answered_.wait_for(lock, kWaitMax, [&] { return asked->answer.has_value(); });
  std::erase(waiting_, asked);
  return response_of(std::move(asked->answer)
                         .value_or(unavailable_answer("this witness did not come to it in time")));
}

}  // namespace chancery::node
