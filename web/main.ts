import "./page.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { isEmbedded } from "./embed/snippet";

const target = document.querySelector("#page");
if (target === null) throw new Error("index.html has no #page");
if (isEmbedded(location.href)) {
  void import("./embed/Embed.svelte").then(({ default: Embed }) => mount(Embed, { target }));
} else {
  mount(App, { target });
}
