#include "cli/html.h"

#include <utility>

#include "cli/plot.h"

namespace chancery::cli {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ink: #1d232b; --soft: #5a6572; --rule: #d9dee4; --page: #ffffff;
  --one: #2f5d8c; --two: #c0703a; --three: #2d7d6e; --four: #8a4f9e; --five: #7a7420;
  --six: #b03a5b; --good: #2d6a45; --bad: #a3282f; --band: #f5f7f9; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #e3e7ec; --soft: #9aa5b1; --rule: #333c46; --page: #14181d;
  --one: #7ba7d4; --two: #d9925f; --three: #6fc1b0; --four: #c39bd3; --five: #c9c06a;
  --six: #ec8aa6; --good: #7fbf98; --bad: #ee8a8f;
  --band: #1b2127; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 52rem; background: var(--page);
  color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.55rem; font-weight: 600; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.1rem; font-weight: 600; margin: 2.6rem 0 .4rem; padding-top: .9rem;
  border-top: 1px solid var(--rule); }
h3 { font-size: .95rem; font-weight: 600; margin: 1.4rem 0 .3rem; }
p { margin: .35rem 0 .8rem; max-width: 44rem; }
.soft, caption, figcaption { color: var(--soft); font-size: .87rem; }
.verdict { font-weight: 600; margin: .9rem 0 1.1rem; padding: .55rem .8rem; background: var(--band);
  border-left: 4px solid var(--good); }
.verdict.false { border-left-color: var(--bad); color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
code { font: .87em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
figure { margin: .8rem 0 0; }
svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
figure + .scroll { margin-top: 1.1rem; }
table { border-collapse: collapse; margin: .6rem 0 0; font-variant-numeric: tabular-nums;
  font-size: .9rem; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { padding: .22rem .9rem .22rem 0; text-align: right; vertical-align: top;
  border-bottom: 1px solid var(--rule); }
th { font-weight: 600; }
th[scope=row], .text { text-align: left; overflow-wrap: anywhere; min-width: 4.8rem; }
th[scope=row] { font-weight: 400; min-width: 7rem; }
.beside { display: flex; flex-wrap: wrap; gap: 0 3rem; }
thead th { border-bottom-color: var(--soft); }
thead .text { overflow-wrap: normal; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--soft); font-size: .87rem; }
.one { fill: var(--one); } .two { fill: var(--two); } .three { fill: var(--three); }
.four { fill: var(--four); } .five { fill: var(--five); } .six { fill: var(--six); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.line.one { stroke: var(--one); } .line.two { stroke: var(--two); }
.line.three { stroke: var(--three); } .line.four { stroke: var(--four); }
.line.five { stroke: var(--five); } .line.six { stroke: var(--six); }
.dashed { stroke-dasharray: 7 4; } .dotted { stroke-dasharray: 2 4; }
.axis { stroke: var(--soft); } .grid { stroke: var(--rule); }
.label { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
.key { display: inline-block; width: .75em; height: .75em; margin: 0 .3em 0 .9em; }
.key.one { background: var(--one); } .key.two { background: var(--two); }
.key.three { background: var(--three); } .key.four { background: var(--four); }
.key.five { background: var(--five); } .key.six { background: var(--six); }
.key:first-child { margin-left: 0; }
.sample { display: inline-block; width: 1.8rem; height: .6rem; margin: 0 .4em 0 1em; }
.sample:first-child { margin-left: 0; }
.bad { color: var(--bad); }
@media print { body { max-width: none; padding: 0; } details > * { display: block; } }
)";

}  // namespace

void begin_page(std::ostream& out, std::string_view generator, const std::string& title) {
  out << "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
      << "<meta charset=\"utf-8\"/>\n"
      << "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
         "'unsafe-inline'\"/>\n"
      << "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      << "<meta name=\"generator\" content=\"" << escaped(generator) << "\"/>\n<title>"
      << escaped(title) << "</title>\n<style>" << kStyle
      << "</style>\n</head>\n<body>\n<header>\n<h1>" << escaped(title) << "</h1>\n";
}

void write_fact(std::ostream& out, std::string_view name, const std::string& value, bool code) {
  out << "<dt>" << escaped(name) << "</dt><dd>" << (code ? "<code>" : "") << escaped(value)
      << (code ? "</code>" : "") << "</dd>\n";
}

void write_figure(std::ostream& out, const std::string& svg, std::string_view caption_markup) {
  out << "<figure>\n" << svg;
  if (!caption_markup.empty()) {
    out << "<figcaption>" << caption_markup << "</figcaption>\n";
  }
  out << "</figure>\n";
}

HtmlTable::HtmlTable(std::ostream& out, std::string_view caption,
                     const std::vector<std::string>& heads, std::set<std::size_t> texts)
    : out_(out), texts_(std::move(texts)) {
  out_ << "<div class=\"scroll\"><table>\n<caption>" << escaped(caption)
       << "</caption>\n<thead><tr>";
  for (std::size_t i = 0; i < heads.size(); ++i) {
    out_ << "<th scope=\"col\"" << (texts_.contains(i) ? " class=\"text\"" : "") << ">"
         << escaped(heads[i]) << "</th>";
  }
  out_ << "</tr></thead>\n<tbody>\n";
}

HtmlTable::~HtmlTable() {
  out_ << "</tbody>\n</table></div>\n";
}

void HtmlTable::row(const std::vector<std::string>& cells) {
  out_ << "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i == 0) {
      out_ << "<th scope=\"row\">" << escaped(cells[i]) << "</th>";
    } else {
      out_ << "<td" << (texts_.contains(i) ? " class=\"text\"" : "") << ">" << escaped(cells[i])
           << "</td>";
    }
  }
  out_ << "</tr>\n";
}

}  // namespace chancery::cli
