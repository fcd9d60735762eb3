// The frame of a page that is one HTML file, and well-formed XML as well: its style, tables and
// figures. Nothing in it would have to be fetched or run; colours are for light and dark.
//
// All texts that are given are escaped here, but those that say that they are markup. Pure.

#pragma once

#include <cstddef>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace chancery::cli {

// Up to the title, in an open <header>. `generator` is the command that makes the page.
void begin_page(std::ostream& out, std::string_view generator, const std::string& title);

// One line of an open <dl>.
void write_fact(std::ostream& out, std::string_view name, const std::string& value,
                bool code = false);

// A plot, and markup below it; empty for none.
void write_figure(std::ostream& out, const std::string& svg, std::string_view caption_markup);

// Its columns' heads, the first of them of the rows' names; open until the object goes. `texts` are
// the columns that stand at the left.
class HtmlTable {
 public:
  HtmlTable(std::ostream& out, std::string_view caption, const std::vector<std::string>& heads,
            std::set<std::size_t> texts = {0});
  ~HtmlTable();
  HtmlTable(const HtmlTable&) = delete;
  HtmlTable(HtmlTable&&) = delete;
  HtmlTable& operator=(const HtmlTable&) = delete;
  HtmlTable& operator=(HtmlTable&&) = delete;

  void row(const std::vector<std::string>& cells);

 private:
  std::ostream& out_;
  std::set<std::size_t> texts_;
};

}  // namespace chancery::cli
