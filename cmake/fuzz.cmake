# One file a fuzz target.  With -DDRAFTPROOF_FUZZER=ON (clang) each links libFuzzer; otherwise the driver
# replays files and folders, which ctest does over the kept corpus and the regressions.
file(GLOB FUZZ_SRC CONFIGURE_DEPENDS fuzz/*_fuzz.c)
foreach(src ${FUZZ_SRC})
  get_filename_component(name ${src} NAME_WE)
  if(DRAFTPROOF_FUZZER)
    add_executable(${name} ${src})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${src} fuzz/driver.c)
    add_test(NAME ${name}_corpus COMMAND ${name} ${CMAKE_SOURCE_DIR}/fuzz/corpus/${name}
                                         ${CMAKE_SOURCE_DIR}/fuzz/regress/${name})
    set_tests_properties(${name}_corpus PROPERTIES TIMEOUT 600)
  endif()
  target_link_libraries(${name} PRIVATE run)
endforeach()
