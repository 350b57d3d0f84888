import DefaultTheme from "vitepress/theme";
import "./style.css";

// biome-ignore lint/style/noDefaultExport: VitePress reads nothing else
export default DefaultTheme;
