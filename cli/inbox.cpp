#include "cli/inbox.h"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <set>
#include <thread>
#include <utility>

#include "cli/connection.h"
#include "cli/display.h"
#include "cli/lookup.h"
#include "cli/report.h"
#include "cli/terminal.h"
#include "client/src/answer_json.h"
#include "client/src/notice_json.h"
#include "core/base/encoding.h"
#include "core/workflow/thread.h"
#include "io/os/clock.h"
#include "io/os/exit_codes.h"
#include "io/text/times.h"

namespace chancery::cli {
namespace {

constexpr std::chrono::seconds kFollowWait{20};
constexpr std::chrono::seconds kRetryWait{1};
constexpr std::size_t kDepthMost = 20;  // What is deeper stands as if it were so deep.
constexpr std::size_t kDigitsOfN = 12;
constexpr std::size_t kLookUpsMax = 500;
constexpr int kOlderPagesMax = 50;  // Of 2,000 rows each, where nothing in them matches.

class InboxReader {
 public:
  InboxReader(const InboxOptions& options, const client::Options& node, client::InboxQuery query)
      : cursor_(options.cursor), client_(node), query_(std::move(query)) {}

  // From where the cursor stands; once something was read, from there on, whether it moved or not.
  client::Page next() {
    client::Page page = cursor_.empty() ? client_.inbox(query_) : client_.read(cursor_, query_);
    if (page.notices.size() < query_.last) {
      older_ = look_for_older(
          [this](const client::InboxQuery& query) { return client_.inbox(query); }, query_, page);
    }
    // The newest are one page, and what arrives meanwhile is newer than they are. Of the others a
    // page without notices may have more behind it: the node looks at so many rows at a time.
    take_given_back(page);
    at_end_ = query_.last != 0 || (page.notices.empty() && page.next == query_.after);
    query_.after = page.next;
    query_.last = 0;  // Whoever follows goes on with what comes after them.
    return page;
  }

  [[nodiscard]] bool at_end() const { return at_end_; }
  // Than the newest so many that were asked for, and are not as many.
  [[nodiscard]] Older older() const { return older_; }

  // Nothing where the node has no such notice for this application.
  std::optional<client::Notice> find(const std::string& n) {
    try {
      return client_.show(n).notice;
    } catch (const client::Error& error) {
      if (error.retryable()) {
        throw;
      }
      return std::nullopt;
    }
  }

  // Everything that was read was shown.
  void done() {
    if (!cursor_.empty() && (!undone_.notices.empty() || !(undone_.next == done_))) {
      done_ = client_.ack(cursor_, undone_);
    }
    undone_.notices.clear();
  }

  void wait_for_more() { query_.wait = kFollowWait; }

 private:
  // What was given back comes with each page until it is done with: once is enough.
  void take_given_back(client::Page& page) {
    std::erase_if(page.notices, [this](const client::Notice& notice) {
      return notice.attempts > 0 &&
             std::ranges::find(undone_.notices, notice.arrival, &client::Notice::arrival) !=
                 undone_.notices.end();
    });
    for (const client::Notice& notice : page.notices) {
      if (notice.attempts > 0) {
        client::Notice& again = undone_.notices.emplace_back();
        again.arrival = notice.arrival;
        again.attempts = notice.attempts;
      }
    }
    undone_.next = page.next;
  }

  std::string cursor_;
  client::Client client_;
  client::InboxQuery query_;
  client::Page undone_;  // Where it ends, and what in it had been given back.
  client::Position done_;
  bool at_end_ = false;
  Older older_ = Older::kNone;
};

// A closed or full output is not read from: a cursor must not run ahead of it.
Result<void> flush() {
  if (!std::cout.flush()) {
    return fail(ErrorCode::kIo, "writing to stdout");
  }
  return {};
}

void tell_older(Older older, std::size_t count) {
  if (older != Older::kNone) {
    std::cerr << "chancery: these are " << count << ", and older notices "
              << (older == Older::kSome ? "match" : "may match")
              << " as well: --last gives 2 MiB of the newest 100,000 at most. Without it all that "
                 "match are shown\n";
  }
}

Result<void> show_page(const client::Page& page, bool json) {
  for (const client::Notice& notice : page.notices) {
    std::cout << (json ? client::notice_line(notice) : inbox_line(notice)) << "\n";
  }
  return flush();
}

Result<int> show_all(InboxReader& reader, const InboxOptions& options, bool json) {
  client::Page all;
  std::size_t count = 0;
  while (!reader.at_end()) {
    client::Page page = reader.next();
    all.next = page.next;
    count += page.notices.size();
    if (options.threads || json) {
      std::ranges::move(page.notices, std::back_inserter(all.notices));
    } else {
      CHANCERY_TRY_VOID(show_page(page, false));
      reader.done();
    }
  }
  if (options.threads) {
    std::cout << inbox_threads(std::move(all.notices),
                               [&](const std::string& n) { return reader.find(n); });
  } else if (json) {
    std::cout << client::page_line(all, reader.older() != Older::kNone) << "\n";
  }
  CHANCERY_TRY_VOID(flush());
  reader.done();
  tell_older(reader.older(), count);
  return os::kExitDone;
}

// Until a signal ends the program. The first page says whether the node is there at all; a node
// that goes away later is waited for.
Result<int> follow(InboxReader& reader, bool json) {
  end_with_reader();
  bool reached = false;
  bool complained = false;
  for (;;) {
    try {
      const client::Page page = reader.next();
      CHANCERY_TRY_VOID(show_page(page, json));
      reader.done();
      reader.wait_for_more();
      if (!reached) {
        tell_older(reader.older(), page.notices.size());
      }
      reached = true;
      complained = false;
    } catch (const client::Error& error) {
      if (!reached || !error.retryable()) {
        throw;
      }
      if (!std::exchange(complained, true)) {
        report(error.parts(), json);
      }
      std::this_thread::sleep_for(kRetryWait);
    }
  }
}

Hash n_named(const std::string& digits) {
  return hash_from_hex(digits).value_or(Hash{});
}

workflow::Entry entry_of(const client::Notice& notice) {
  workflow::Entry entry{.index = notice.index,
                        .n = n_named(notice.notice),
                        .thread = n_named(notice.thread),
                        .in_reply_to = n_named(notice.in_reply_to),
                        .translation_of = n_named(notice.translation_of)};
  std::ranges::transform(notice.supersedes, std::back_inserter(entry.supersedes), n_named);
  std::ranges::transform(notice.cancels, std::back_inserter(entry.cancels), n_named);
  return entry;
}

void add_those_referred_to(
    std::vector<client::Notice>& notices,
    const std::function<std::optional<client::Notice>(const std::string& n)>& show) {
  std::set<std::string> known;
  for (const client::Notice& notice : notices) {
    known.insert(notice.notice);
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i < notices.size() && count < kLookUpsMax; ++i) {
    const std::vector<workflow::Reference> references =
        workflow::references_of(entry_of(notices[i]));
    const std::string first = references.empty() ? "" : hex(references.front().n);
    if (first.empty() || !known.insert(first).second) {
      continue;
    }
    ++count;
    if (std::optional<client::Notice> found = show(first); found.has_value()) {
      notices.push_back(*std::move(found));
    }
  }
}

// Before the others, those that are referred to and are not among them, each once.
std::vector<workflow::Entry> with_those_referred_to(const std::vector<client::Notice>& notices) {
  std::set<Hash> known;
  std::vector<workflow::Entry> shown;
  for (const client::Notice& notice : notices) {
    known.insert(shown.emplace_back(entry_of(notice)).n);
  }
  std::vector<workflow::Entry> all;
  for (const workflow::Entry& entry : shown) {
    const std::vector<workflow::Reference> references = workflow::references_of(entry);
    const bool stands_below =
        std::ranges::any_of(references, [&](const auto& each) { return known.contains(each.n); });
    if (!stands_below && !references.empty() && known.insert(references.front().n).second) {
      all.push_back({.n = references.front().n});
    }
  }
  std::ranges::move(shown, std::back_inserter(all));
  return all;
}

}  // namespace

std::string inbox_threads(
    std::vector<client::Notice> notices,
    const std::function<std::optional<client::Notice>(const std::string& n)>& show) {
  add_those_referred_to(notices, show);
  std::ranges::sort(notices, {}, [](const client::Notice& notice) {
    return std::pair(notice.index, notice.arrival);
  });
  const std::vector<workflow::Entry> entries = with_those_referred_to(notices);
  const std::size_t unshown = entries.size() - notices.size();
  struct Thread {
    std::uint64_t newest = 0;
    std::string lines;
  };
  std::vector<Thread> threads;
  for (const workflow::Place& place : workflow::tree_of(entries)) {
    if (place.depth == 0) {
      threads.emplace_back();
    }
    Thread& thread = threads.back();
    thread.newest = std::max(thread.newest, entries[place.at].index);
    const std::string indent(2 * std::min(place.depth, kDepthMost), ' ');
    thread.lines += indent +
                    (place.at < unshown ? "of " + hex(entries[place.at].n).substr(0, kDigitsOfN) +
                                              ", which is not among these:"
                                        : inbox_line(notices[place.at - unshown])) +
                    "\n";
  }
  std::ranges::sort(threads, {}, &Thread::newest);
  std::string text;
  for (const Thread& thread : threads) {
    text += thread.lines;
  }
  return text;
}

Result<client::InboxQuery> make_query(const InboxOptions& options, client::Time now) {
  if (!options.cursor.empty() && options.last != 0) {
    return fail(ErrorCode::kUsage, "--cursor begins where it stands: --last does not go with it");
  }
  for (const std::string& kind : options.kinds) {
    CHANCERY_TRY_VOID(require_pattern(kind));
  }
  client::InboxQuery query;
  query.origins = options.from;
  query.kinds = options.kinds;
  for (const std::string& word : options.statuses) {
    query.statuses.push_back(client::status_from(word));
  }
  query.last = options.last;
  if (!options.precedence.empty()) {
    query.precedence_min = client::precedence_from(options.precedence);
  }
  if (!options.since.empty()) {
    CHANCERY_TRY(query.since, text::parse_past(options.since, now));
  }
  return query;
}

Older look_for_older(const std::function<client::Page(const client::InboxQuery&)>& ask,
                     client::InboxQuery query, const client::Page& newest) {
  const std::uint64_t oldest =
      newest.notices.empty() ? newest.next.arrival + 1 : newest.notices.front().arrival;
  query.last = 0;
  query.limit = 1;
  query.wait = {};
  for (int pages = 0; pages < kOlderPagesMax; ++pages) {
    const client::Page page = ask(query);
    if (!page.notices.empty()) {
      return page.notices.front().arrival < oldest ? Older::kSome : Older::kNone;
    }
    if (page.next.arrival + 1 >= oldest || page.next == query.after) {
      return Older::kNone;
    }
    query.after = page.next;
  }
  return Older::kPerhaps;
}

Result<int> run_inbox(const InboxOptions& options, const Shared& shared) {
  if (options.threads && (options.follow || shared.json)) {
    return fail(ErrorCode::kUsage,
                "--threads is for people, and of what is there: --json has what each refers to");
  }
  CHANCERY_TRY(client::InboxQuery query, make_query(options, os::time_now()));
  CHANCERY_TRY(const client::Options node, client_options(shared));
  InboxReader reader(options, node, std::move(query));
  return options.follow ? follow(reader, shared.json) : show_all(reader, options, shared.json);
}

}  // namespace chancery::cli
