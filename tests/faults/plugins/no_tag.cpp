// A shared library that is no plugin.
extern "C" __attribute__((visibility("default"))) int kd_plugin_register() { return 0; }
