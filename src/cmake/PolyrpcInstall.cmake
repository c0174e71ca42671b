# Install rules for what polyrpc_add_library made: headers, libraries, one find_package component and one pkg-config file
# a library, and the package's own files. Nothing installed knows where it was built.

include(CMakePackageConfigHelpers)

set(polyrpc_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/polyrpc")
set(polyrpc_pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH polyrpc_pc_to_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" polyrpc_pc_to_prefix "${polyrpc_pc_to_prefix}")

set(POLYRPC_COMPONENTS_CODE "")
get_property(folders GLOBAL PROPERTY POLYRPC_LIBRARIES)
set(polyrpc_shipped_modules)

foreach(folder IN LISTS folders)
  foreach(key IN ITEMS INCLUDE SOURCES PUBLIC PRIVATE PACKAGES DEFINES)
    get_property(${key} GLOBAL PROPERTY POLYRPC_${folder}_${key})
  endforeach()

  # Headers: the codecs have a tree of their own, a folder of the main tree is a folder below include/polyrpc.
  if(folder STREQUAL "polyrpc")
    file(GLOB front_doors CONFIGURE_DEPENDS "${INCLUDE}/polyrpc/*.hpp")
    install(FILES ${front_doors} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/polyrpc")
  elseif(NOT INCLUDE STREQUAL "${PROJECT_SOURCE_DIR}/include")
    install(DIRECTORY "${INCLUDE}/polyrpc" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
  elseif(EXISTS "${INCLUDE}/polyrpc/${folder}")
    install(DIRECTORY "${INCLUDE}/polyrpc/${folder}" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/polyrpc"
            FILES_MATCHING PATTERN "*.hpp")
  endif()

  # An export set of its own, so that find_package(polyrpc COMPONENTS gob) needs nothing that only json needs.
  install(TARGETS polyrpc_${folder} EXPORT polyrpc_${folder}
          LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(EXPORT polyrpc_${folder} NAMESPACE polyrpc:: FILE polyrpc-${folder}.cmake DESTINATION "${polyrpc_cmake_dir}")

  set(needs ${PUBLIC} ${PRIVATE})
  list(FILTER needs INCLUDE REGEX "^polyrpc::")
  list(TRANSFORM needs REPLACE "^polyrpc::" "")
  string(APPEND POLYRPC_COMPONENTS_CODE
    "list(APPEND polyrpc_components ${folder})\n"
    "set(polyrpc_${folder}_needs ${needs})\n"
    "set(polyrpc_${folder}_packages ${PACKAGES})\n")
  foreach(package IN LISTS PACKAGES)
    if(EXISTS "${PROJECT_SOURCE_DIR}/src/cmake/Find${package}.cmake")
      list(APPEND polyrpc_shipped_modules "${PROJECT_SOURCE_DIR}/src/cmake/Find${package}.cmake")
    endif()
  endforeach()

  # pkg-config. polyrpc.pc is everything, polyrpc-gob.pc one library and what it needs.
  if(folder STREQUAL "polyrpc")
    set(pc_name polyrpc)
  else()
    set(pc_name polyrpc-${folder})
  endif()
  list(TRANSFORM needs PREPEND "polyrpc-" OUTPUT_VARIABLE pc_requires)
  set(pc_cflags "-I\${includedir}")
  foreach(define IN LISTS DEFINES)
    string(APPEND pc_cflags " -D${define}")
  endforeach()
  if("Asio" IN_LIST PACKAGES)
    string(APPEND pc_cflags " -DASIO_STANDALONE -DASIO_NO_DEPRECATED")
  endif()
  if("Threads" IN_LIST PACKAGES)
    string(APPEND pc_cflags " -pthread")
  endif()
  if("nlohmann_json" IN_LIST PACKAGES)
    list(APPEND pc_requires nlohmann_json)
  endif()
  if("ZLIB" IN_LIST PACKAGES)
    list(APPEND pc_requires zlib)
  endif()
  if("Protobuf" IN_LIST PACKAGES)
    list(APPEND pc_requires protobuf)
  endif()
  if("OpenSSL" IN_LIST PACKAGES)
    list(APPEND pc_requires openssl)
  endif()
  list(JOIN pc_requires " " pc_requires)
  set(pc_libs "")
  if(SOURCES)
    set(pc_libs "-L\${libdir} -lpolyrpc_${folder}")
  endif()
  set(pc_libs_private "")
  if("Llhttp" IN_LIST PACKAGES)
    set(pc_libs_private "-lllhttp")
    if(NOT BUILD_SHARED_LIBS)
      string(APPEND pc_libs " -lllhttp")
    endif()
  endif()
  if("Snappy" IN_LIST PACKAGES)
    string(APPEND pc_libs_private " -lsnappy")
    if(NOT BUILD_SHARED_LIBS)
      string(APPEND pc_libs " -lsnappy")
    endif()
  endif()
  if("Threads" IN_LIST PACKAGES)
    string(APPEND pc_libs " -pthread")
  endif()
  configure_file("${PROJECT_SOURCE_DIR}/src/cmake/polyrpc.pc.in" "${PROJECT_BINARY_DIR}/install/${pc_name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/install/${pc_name}.pc" DESTINATION "${polyrpc_pc_dir}")
endforeach()

# protoc's plugin and what runs it. Its own export set: whoever installs no plugin can still make messages.
set(polyrpc_generate_module)
if(TARGET polyrpc_protobuf)
  set(polyrpc_generate_module "${PROJECT_SOURCE_DIR}/src/cmake/PolyrpcGenerate.cmake")
endif()
if(TARGET protoc-gen-polyrpc)
  install(TARGETS protoc-gen-polyrpc EXPORT polyrpc_protoc_plugin RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(EXPORT polyrpc_protoc_plugin NAMESPACE polyrpc:: FILE polyrpc-protoc-plugin.cmake
          DESTINATION "${polyrpc_cmake_dir}")
endif()

configure_package_config_file("${PROJECT_SOURCE_DIR}/src/cmake/polyrpcConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/install/polyrpcConfig.cmake" INSTALL_DESTINATION "${polyrpc_cmake_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/install/polyrpcConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
list(REMOVE_DUPLICATES polyrpc_shipped_modules)
install(FILES "${PROJECT_BINARY_DIR}/install/polyrpcConfig.cmake" "${PROJECT_BINARY_DIR}/install/polyrpcConfigVersion.cmake"
        ${polyrpc_shipped_modules} ${polyrpc_generate_module} DESTINATION "${polyrpc_cmake_dir}")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
