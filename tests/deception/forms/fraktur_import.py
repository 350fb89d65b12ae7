import 𝖔𝖘
