# tests/unit/<part>/test_<noun>.c          -> a CTest named unit.<part>.<noun>
#                                          and, for store and management, postgres.<part>.<noun>: the same on PostgreSQL
# tests/fault/fault_<noun>.c               -> a CTest named fault.<noun>, with malloc, SQLite and NATS calls that can be made to fail
# tests/scenario/<goal>.sh|.mjs|.c         -> a CTest named scenario.<goal>: starts the real processes
# fuzz/fuzz_<noun>.c (+ fuzz/corpus/<noun>/) -> with TEBURA_FUZZ a libFuzzer program; always a replay of its corpus
# examples/<noun>.c                        -> a program against the installed headers and libtebura
file(GLOB example_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/examples/*.c)
foreach(source ${example_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(example_${name} ${source})
  target_link_libraries(example_${name} PRIVATE tebura)
endforeach()

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fuzz_*.c)
if(TEBURA_FUZZ)
  foreach(source ${fuzz_sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_include_directories(${name} PRIVATE src)
    target_link_libraries(${name} PRIVATE tebura)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  endforeach()
endif()

if(TEBURA_TESTS)
  enable_testing()
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
  set(test_environment "ASAN_OPTIONS=detect_leaks=1:abort_on_error=0;UBSAN_OPTIONS=print_stacktrace=1;LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/lsan.supp:print_suppressions=0;TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")
  file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/*.c)
  list(FILTER support_sources EXCLUDE REGEX "fault_wrap|fuzz_replay")
  # Compiled once, not once for each test; a test gets what it calls.
  add_library(test_support STATIC ${support_sources} apps/tebura/attack.c)
  target_include_directories(test_support PUBLIC src tests/support apps/tebura)
  target_link_libraries(test_support PUBLIC tebura PkgConfig::CMOCKA)

  file(GLOB unit_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/*/test_*.c)
  foreach(source ${unit_sources})
    get_filename_component(noun ${source} NAME_WE)
    string(REPLACE "test_" "" noun ${noun})
    get_filename_component(part ${source} DIRECTORY)
    get_filename_component(part ${part} NAME)
    set(name unit.${part}.${noun})
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE test_support)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 240 LABELS unit ENVIRONMENT "${test_environment}")
    # Once more on PostgreSQL (tests/support/database.h).
    if(part MATCHES "^(store|management)$" AND NOT noun MATCHES "^(postgres|shared|models_faces|work|metrics|clock|incremental)$") # which count what SQLite does, take long, or ask nothing new of it
      add_test(NAME postgres.${part}.${noun} COMMAND ${name})
      set_tests_properties(postgres.${part}.${noun} PROPERTIES TIMEOUT 240 LABELS unit
        ENVIRONMENT "${test_environment};TEBURA_TEST_DATABASE=postgresql")
    endif()
  endforeach()

  # Kept equal to tests/support/fault_wrap.c, which has one wrapper for each.
  set(wrapped malloc calloc realloc aligned_alloc strdup strndup sqlite3_step sqlite3_prepare_v2 sqlite3_exec
      PQconnectStartParams PQexec PQprepare PQexecPrepared PQexecParams PQsendQueryPrepared PQenterPipelineMode
      PQpipelineSync natsConnection_PublishMsg natsConnection_Publish natsConnection_Request natsConnection_RequestMsg
      js_Publish js_PublishMsg natsMsg_Ack kvStore_Put kvStore_Purge kvStore_Delete)
  list(TRANSFORM wrapped PREPEND "-Wl,--wrap=")
  file(GLOB fault_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fault/fault_*.c)
  foreach(source ${fault_sources})
    get_filename_component(noun ${source} NAME_WE)
    string(REPLACE "fault_" "" noun ${noun})
    set(name fault.${noun})
    add_executable(${name} ${source} ${CMAKE_SOURCE_DIR}/tests/support/fault_wrap.c)
    target_link_libraries(${name} PRIVATE test_support)
    target_link_options(${name} PRIVATE ${wrapped})
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 400 LABELS fault ENVIRONMENT "${test_environment}")
    if(noun STREQUAL "management")
      add_test(NAME postgres.${name} COMMAND ${name})
      set_tests_properties(postgres.${name} PROPERTIES TIMEOUT 400 LABELS fault
        ENVIRONMENT "${test_environment};TEBURA_TEST_DATABASE=postgresql")
    endif()
  endforeach()

  foreach(source ${fuzz_sources})
    get_filename_component(name ${source} NAME_WE)
    string(REPLACE "fuzz_" "" noun ${name})
    if(NOT TEBURA_FUZZ)
      add_executable(replay_${noun} ${source} ${CMAKE_SOURCE_DIR}/tests/support/fuzz_replay.c)
      target_include_directories(replay_${noun} PRIVATE src)
      target_link_libraries(replay_${noun} PRIVATE tebura)
      add_test(NAME fuzz.replay.${noun} COMMAND replay_${noun} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${noun})
      set_tests_properties(fuzz.replay.${noun} PROPERTIES TIMEOUT 120 LABELS fuzz ENVIRONMENT "${test_environment}")
    endif()
  endforeach()

  # What scenarios need beside the programs themselves.
  add_executable(fill_flight ${CMAKE_SOURCE_DIR}/tests/scenario/fill_flight.c)
  target_link_libraries(fill_flight PRIVATE test_support)

  file(GLOB scenario_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/scenario/*.sh ${CMAKE_SOURCE_DIR}/tests/scenario/*.test.mjs)
  foreach(source ${scenario_sources})
    get_filename_component(noun ${source} NAME_WE)
    get_filename_component(ext ${source} EXT)
    set(runner bash)
    if(ext MATCHES "mjs$")
      set(runner node)
    endif()
    add_test(NAME scenario.${noun} COMMAND ${runner} ${source} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    # The scenarios first: they are the longest. Two at a time (cmake/lanes.json): a site is ten programs and up to 4 GB of memory.
    set_tests_properties(scenario.${noun} PROPERTIES TIMEOUT 600 LABELS scenario RESOURCE_GROUPS lanes:1 COST 100
      ENVIRONMENT "${test_environment};TEBURA_BIN=${CMAKE_BINARY_DIR}" SKIP_RETURN_CODE 77)
  endforeach()
endif()
