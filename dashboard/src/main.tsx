import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { isPassing } from "./api/refusal";
import { router } from "./app/router";
import { session } from "./app/session";
import { followTheme } from "./app/theme";
import { UploadsProvider } from "./app/uploads";
import { followLanguage } from "./i18n";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/parts.css";
import "./styles/table.css";
import "./styles/operate.css";
import "./styles/screens.css";

followTheme(document.documentElement);
followLanguage(document.documentElement);

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Each screen asks again by itself, so a failure is shown soon and mended soon.
      retry: (count, error) => count < 1 && isPassing(error),
      retryDelay: 500,
      staleTime: 1_000,
      // The browser's idea of being offline says nothing about an API on this machine.
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

// What one reader may see is not shown to the next.
session.subscribe(() => {
  if (session.get().is === "out") queries.clear();
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <UploadsProvider>
          <RouterProvider router={router} />
        </UploadsProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
