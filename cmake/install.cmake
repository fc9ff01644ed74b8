# make install: programs, library, headers, site profiles, networks with their manifest, pages, man pages, papers.
# Everything lies below the prefix and finds its parts relative to it.
include(GNUInstallDirs)
set(share ${CMAKE_INSTALL_DATADIR}/tebura)

set(TEBURA_PC_RUNTIME_REQUIRES " libonnxruntime")
if(NOT ONNXRUNTIME_FOUND)
  # No package of the system brings the runtime: the one that tools/setup verified goes beside the programs.
  install(FILES ${TEBURA_DEPS}/onnxruntime/lib/libonnxruntime.so.1 DESTINATION lib/tebura)
  set(TEBURA_PC_RUNTIME_REQUIRES "")
  set(TEBURA_PC_RUNTIME_LIBS " \${libdir}/tebura/libonnxruntime.so.1 -Wl,-rpath,\${libdir}/tebura")
endif()

add_custom_target(programs) # all that people run, without benches and examples
foreach(program teburad tebura-edge tebura_command)
  if(TARGET ${program})
    add_dependencies(programs ${program})
    set_target_properties(${program} PROPERTIES INSTALL_RPATH "\$ORIGIN/../lib/tebura")
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
# What `tebura bench` runs without the source folder; where it was built.
foreach(bench search wire)
  if(TARGET bench_${bench})
    set_target_properties(bench_${bench} PROPERTIES INSTALL_RPATH "\$ORIGIN/..")
    install(TARGETS bench_${bench} RUNTIME DESTINATION lib/tebura/bench COMPONENT bench OPTIONAL)
  endif()
endforeach()
install(TARGETS tebura ARCHIVE DESTINATION lib)
install(DIRECTORY include/tebura DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
configure_file(cmake/tebura.pc.in tebura.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/tebura.pc DESTINATION lib/pkgconfig)

install(DIRECTORY profiles/ DESTINATION ${share}/profiles OPTIONAL)
install(DIRECTORY models/ DESTINATION ${share}/models OPTIONAL)
install(DIRECTORY ${TEBURA_DEPS}/models/ DESTINATION ${share}/models OPTIONAL FILES_MATCHING PATTERN "*.onnx")
install(DIRECTORY web/dist/ DESTINATION ${share}/web OPTIONAL)
install(DIRECTORY deploy/ DESTINATION ${share}/deploy USE_SOURCE_PERMISSIONS)
install(DIRECTORY api/ DESTINATION ${share}/api OPTIONAL)
foreach(section 1 8)
  file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/man/*.${section})
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES README.md LICENSE SECURITY.md CHANGELOG.md doc/dependencies.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
