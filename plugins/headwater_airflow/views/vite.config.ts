// One script for all pages. Airflow's UI imports it, and lends it what it has loaded itself.
import { defineConfig } from "vite";

const LENT_BY_AIRFLOW: Record<string, string> = {
  react: "React",
  "react-dom": "ReactDOM",
  "react/jsx-runtime": "ReactJSXRuntime",
  "react-router-dom": "ReactRouterDOM",
  "@chakra-ui/react": "ChakraUI",
};

export default defineConfig({
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    target: "es2022",
    lib: {
      entry: "src/main.tsx",
      formats: ["iife"],
      name: "HeadwaterPages",
      fileName: () => "pages.js",
    },
    rolldownOptions: {
      external: Object.keys(LENT_BY_AIRFLOW),
      output: { globals: LENT_BY_AIRFLOW },
      onLog(level, log, tell) {
        // Libraries mark their modules for servers that render pages; this one does not.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") tell(level, log);
      },
    },
  },
});
