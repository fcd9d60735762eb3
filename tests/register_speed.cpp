// What finding notices costs in a store that has many: fills one, has it make its records, and
// asks. Measured by hand: docs/operating/performance.md.
//
//   register-speed FOLDER NOTICES

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/exchange/log_follower.h"
#include "node/core/intake.h"
#include "node/store/node_store.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"
#include "tests/support/outcome.h"

namespace {

using namespace chancery;  // A program by itself.
using test::must;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 250;
constexpr int kRuns = 21;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Notice by notice another one, of words that are common and of some that are not.
std::string text_of(std::uint64_t number) {
  static const std::vector<std::string> words = {
      "border",   "migration", "gateway",    "customs",   "patrol",   "shipment",  "network",
      "граница",  "угроза",    "терроризм",  "миграция",  "учения",   "перевозка", "таможня",
      "северный", "участок",   "обстановка", "сообщение", "оператор", "проверка"};
  v1::ThreatAlert alert;
  alert.set_category(static_cast<v1::ThreatCategory>(1 + number % 8));
  alert.set_summary("Common words, number " + std::to_string(number));
  std::string description;
  for (std::uint64_t i = 0; i < 60; ++i) {
    description += words[(number * 7 + i * i + i * number) % words.size()] + " ";
  }
  alert.set_description(description + "unique" + std::to_string(number));
  v1::Text text;
  text.set_subject("Alert " + std::to_string(number) + ": " + words[number % words.size()]);
  text.set_language("en");
  text.set_content(alert.SerializeAsString());
  return text.SerializeAsString();
}

void fill(node::NodeStore& store, test::TestExchange& exchange, std::uint64_t count) {
  test::TestLog log(exchange);
  log.found();
  exchange::LogFollower follower(exchange.genesis());
  std::vector<crypto::PrivateKey> keys;
  keys.push_back(test::agreement_private(test::node_key_name("BY", 1, "sealing")));
  exchange::Opener opener(std::move(keys));
  std::size_t followed = 0;
  for (std::uint64_t number = 0; number < count;) {
    std::vector<v1::Draft> drafts;
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < kBatch && number < count; ++i, ++number) {
      v1::Draft draft = exchange.draft("AM", {"BY"});
      draft.set_status(number % 50 == 0 ? v1::STATUS_EXERCISE : v1::STATUS_ACTUAL);
      drafts.push_back(std::move(draft));
      texts.push_back(text_of(number));
    }
    const std::vector<std::string> envelopes =
        exchange.sign(exchange.seal(std::move(drafts), texts, exchange.directory()),
                      test::node_key_name("AM", 1, "signing"));
    log.append(envelopes);
    must(store.begin());
    for (; followed < log.batches().size(); ++followed) {
      must(store.put_batch(must(follower.follow(log.batches()[followed], exchange.cache())),
                           follower));
    }
    const std::uint64_t first = log.size() - envelopes.size();
    for (std::size_t i = 0; i < envelopes.size(); ++i) {
      const ledger::Leaf leaf = must(store.leaf(first + i));
      static_cast<void>(must(
          store.put_arrival(node::judge_delivery(first + i, envelopes[i], leaf, "BY",
                                                 follower.directory(), opener, exchange.cache()),
                            leaf, leaf.accepted_at_ms)));
    }
    must(store.commit());
  }
}

void measure(node::NodeStore& store, const char* name, const v1::FindRequest& request) {
  std::vector<double> times;
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    const Clock::time_point begin = Clock::now();
    found = must(store.find(request)).found_size();
    times.push_back(ms_since(begin));
  }
  std::ranges::sort(times);
  std::printf("%-58s %5d found  %7.2f ms median %7.2f ms longest\n", name, found, times[kRuns / 2],
              times.back());
}

v1::FindRequest asking(const std::string& words, std::uint32_t limit = 100) {
  v1::FindRequest request;
  request.add_kinds("threat.alert");
  request.set_actual(true);
  request.set_words(words);
  request.set_limit(limit);
  return request;
}

void ask(node::NodeStore& store, std::uint64_t count) {
  v1::FindRequest request = asking("");
  measure(store, "register threats", request);
  measure(store, "register threats, a page of 500", asking("", 500));
  request.set_before(count / 2);
  measure(store, "register threats, from the middle", request);
  request = asking("");
  request.set_category(v1::THREAT_CATEGORY_CYBER);
  measure(store, "register threats --category cyber", request);
  request.add_origins("KZ");
  measure(store, "register threats --category cyber --from KZ (none)", request);
  request = asking("");
  request.set_until_ms(1);
  measure(store, "register threats --until 1970 (none)", request);
  measure(store, "search unique77", asking("unique77"));
  measure(store, "search common (in all)", asking("common"));
  measure(store, "search 'border migration'", asking("border migration"));
  measure(store, "search границами", asking("границами"));
  measure(store, "search '\"common words\" uniq*' (in all)", asking("\"common words\" uniq*"));
  request = asking("common");
  request.add_origins("KZ");
  measure(store, "search common --from KZ (none of all)", request);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t count = 0;
  if (argc != 3 ||
      std::from_chars(argv[2], argv[2] + std::string(argv[2]).size(), count).ptr == argv[2]) {
    std::cerr << "register-speed FOLDER NOTICES\n";
    return 64;
  }
  test::TestExchange exchange;
  const auto store = must(node::NodeStore::open(std::string(argv[1]) + "/node.db",
                                                exchange.genesis(), "BY", node::StoreUse::kOwn));
  Clock::time_point begin = Clock::now();
  fill(*store, exchange, count);
  std::printf("%llu notices stored in %.1f s\n", static_cast<unsigned long long>(count),
              ms_since(begin) / 1000);
  begin = Clock::now();
  while (must(store->has_unrecorded())) {
    must(store->begin());
    must(store->record(32, 256U << 10U));
    must(store->commit());
  }
  std::printf("records: %.1f us a notice\n", ms_since(begin) * 1000 / static_cast<double>(count));
  ask(*store, count);
  return 0;
}
