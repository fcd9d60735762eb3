# cmake -DSOURCE=DIR -DOUTPUT=FILE -P commit.cmake writes a header that says which commit of DIR is built: its first 12 digits, with
# "-changed" where files differ from it; "unknown" where DIR is no repository, as in a release. Written only where it changed.
cmake_minimum_required(VERSION 3.25)
set(commit unknown)
find_program(git git)
if(git AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${git} -C ${SOURCE} describe --always --exclude=* --abbrev=12 --dirty=-changed
                  OUTPUT_VARIABLE told OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(failed EQUAL 0)
    set(commit ${told})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "// Of cmake/commit.cmake.\n#define CHANCERY_COMMIT \"\${commit}\"\n")
