#include "cli/acknowledge.h"

#include "chancery/client.h"
#include "cli/connection.h"
#include "cli/publish.h"
#include "io/text/times.h"

namespace chancery::cli {

Result<int> run_acknowledge(const AcknowledgeOptions& options, const Shared& shared) {
  CHANCERY_TRY(const std::chrono::milliseconds timeout, text::parse_duration(options.timeout));
  if (options.read == options.actioned) {
    return fail(ErrorCode::kUsage, "was it read, or acted on? give --read or --actioned");
  }
  CHANCERY_TRY(const client::Options node, client_options(shared));
  client::Client client(node);
  const client::Ticket ticket = client.acknowledge(
      options.name, options.read ? client::Stage::kRead : client::Stage::kActioned, options.remark);
  return tell_published(ticket, ticket.wait(client::Stage::kLogged, timeout), shared);
}

}  // namespace chancery::cli
