# What `cmake --install` puts where. All of it may be moved as a whole: nothing holds the prefix.
include(CMakePackageConfigHelpers)

install(TARGETS chancery chancery-broker chancery-node RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# The client library: find_package(chancery), target chancery::chancery; pkg-config chancery.
install(TARGETS chancery.library EXPORT chancery LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY client/include/chancery DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT chancery NAMESPACE chancery:: FILE chancery-config.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/chancery)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/chancery-config-version.cmake
                                 COMPATIBILITY SameMajorVersion)  # As the soname.
file(RELATIVE_PATH prefix_from_pc /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
configure_file(client/chancery.pc.in ${CMAKE_BINARY_DIR}/package/chancery.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/chancery-config-version.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/chancery)
install(FILES ${CMAKE_BINARY_DIR}/package/chancery.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(DIRECTORY client/examples DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs config deploy DESTINATION ${CMAKE_INSTALL_DOCDIR})

# The Python package, where Debian's python3 looks for it under /usr; elsewhere PYTHONPATH says so.
install(DIRECTORY python/chancery DESTINATION lib/python3/dist-packages PATTERN __pycache__ EXCLUDE)
install(DIRECTORY python/examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples/python)

# What the shells complete, as the command itself says.
set(completions)
foreach(shell_file IN ITEMS
    "bash bash-completion/completions/chancery"
    "zsh zsh/vendor-completions/_chancery"
    "fish fish/vendor_completions.d/chancery.fish")
  string(REPLACE " " ";" shell_file ${shell_file})
  list(POP_FRONT shell_file shell)
  set(output ${CMAKE_BINARY_DIR}/package/${shell_file})
  cmake_path(GET output PARENT_PATH folder)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${output} COMMAND chancery completion ${shell} > ${output} DEPENDS chancery VERBATIM)
  list(APPEND completions ${output})
  cmake_path(GET shell_file PARENT_PATH folder)
  install(FILES ${output} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
endforeach()
add_custom_target(completions ALL DEPENDS ${completions})

# Manual pages: what --help says, from the same source.
set(man ${CMAKE_BINARY_DIR}/man)
add_custom_command(OUTPUT ${man}/written
                   COMMAND ${CMAKE_COMMAND} -E rm -rf ${man}  # With the page of a verb that is gone.
                   COMMAND chancery-man ${man}
                   COMMAND ${CMAKE_COMMAND} -E touch ${man}/written
                   DEPENDS chancery-man VERBATIM)
add_custom_target(man ALL DEPENDS ${man}/written)
install(DIRECTORY ${man}/man1 ${man}/man8 DESTINATION ${CMAKE_INSTALL_MANDIR})
