import 𝘰𝘴
